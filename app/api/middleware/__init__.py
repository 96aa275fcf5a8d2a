"""ASGI middleware: access log, hosts, CORS, problem documents, keys, limits of bodies."""
