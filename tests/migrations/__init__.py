"""The schema: models and migrations agree, on both databases."""
