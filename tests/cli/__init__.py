"""Tests of the `dateline` commands."""
