"""Sync: everything there is, and then what changed since, for apps that keep a copy."""
