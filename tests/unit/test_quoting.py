"""Client input is quoted in messages, and shortened."""

import pytest

from app.kit.quoting import quote_text, shorten


@pytest.mark.parametrize(
    ("text", "short"),
    [("", ""), ("x" * 100, "x" * 100), ("x" * 101, "x" * 99 + "…"), ("é" * 5_000, "é" * 99 + "…")],
)
def test_a_quoted_text_has_at_most_100_characters(text: str, short: str) -> None:
    assert shorten(text) == short
    assert quote_text(text) == f"'{short}'"


def test_a_quoted_text_has_no_control_characters() -> None:
    assert quote_text("a\r\nb\x00") == r"'a\r\nb\x00'"
