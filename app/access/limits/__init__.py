"""Limits on requests: what they are, how they are counted, and how processes share them."""
