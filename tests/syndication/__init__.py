"""Tests of syndication."""
