"""Routes for readers."""
