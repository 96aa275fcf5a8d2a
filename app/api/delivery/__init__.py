"""Compute the answers of public resources: one function for each, without HTTP."""
