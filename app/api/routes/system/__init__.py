"""Routes for operators: health, metrics, the API reference, problems."""
