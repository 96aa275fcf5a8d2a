"""Full-text search over published stories: query parsing, the index, highlights, suggestions."""
