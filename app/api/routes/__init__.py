"""Routes: find, act, answer."""
