"""Traces for OpenTelemetry: an extra that is imported only where the environment asks for it."""
