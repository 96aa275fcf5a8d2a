"""Highlights: HTML with `<mark>` around each word that a query found."""
