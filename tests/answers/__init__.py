"""Tests of the tools that record and compare responses."""
