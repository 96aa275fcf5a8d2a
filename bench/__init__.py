"""Measurements of Dateline, each a ratio of two things taken side by side in one run."""
