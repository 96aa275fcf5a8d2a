"""Equivalent URLs are equal after normalization."""

import pytest

from app.search.urls import normalize_url


@pytest.mark.parametrize(
    ("address", "normal"),
    [
        ("https://paper.example/2026/rain", "paper.example/2026/rain"),
        ("http://www.Paper.example/2026/rain/", "paper.example/2026/rain"),
        ("HTTPS://PAPER.EXAMPLE", "paper.example"),
        ("https://paper.example:443/rain", "paper.example/rain"),
        ("https://me@paper.example/rain", "paper.example/rain"),
        ("paper.example/rain", "paper.example/rain"),
        ("//paper.example/rain", "paper.example/rain"),
        ("https://paper.example/مطر", "paper.example/مطر"),
        ("https://paper.example/rain?utm_source=a&page=2#top", "paper.example/rain?page=2"),
        ("https://paper.example/a;b", "paper.example/a;b"),
        ("https://[paper/rain", "https://[paper/rain"),
    ],
)
def test_insignificant_parts_of_a_url_are_removed(address: str, normal: str) -> None:
    assert normalize_url(address) == normal
