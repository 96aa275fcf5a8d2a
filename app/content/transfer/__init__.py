"""Import and export of sources, categories and articles as NDJSON, one object on each line."""
