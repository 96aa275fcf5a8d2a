"""Feeds, sitemaps and single stories over HTTP, on both databases."""
