"""Import and export as NDJSON."""
