"""Unit tests, many of them with generated input."""
