"""Finished documents: rendered once, served many times, and the log of what changed."""
