"""Sync: a snapshot of everything, then the changes since, for clients that keep a copy."""
