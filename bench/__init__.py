"""Benchmarks of Dateline. Each result is a ratio of two things measured alternately in one run."""
