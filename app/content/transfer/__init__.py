"""NDJSON in and out: sources, categories and articles, one object a line."""
