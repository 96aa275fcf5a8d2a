"""Metrics, and redaction of logs."""
