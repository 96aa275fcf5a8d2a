"""Dateline: a headless content API for news."""

__version__ = "0.1.0"
