"""Metrics, and what may not stand in a log."""
