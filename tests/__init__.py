"""Tests, in one folder for each area."""
