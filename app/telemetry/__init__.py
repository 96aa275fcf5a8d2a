"""Tracing with OpenTelemetry: an optional extra, imported only if it is configured."""
