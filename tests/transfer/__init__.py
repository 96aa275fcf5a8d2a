"""NDJSON in and out: a newsroom moves house and nothing is lost."""
