"""Typed or pasted text: white space and control characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.text import clean_line, clean_paragraphs

_CONTROLS = [chr(code) for code in (*range(1, 9), *range(14, 32), *range(127, 160)) if code != 0x85]


@pytest.mark.parametrize("control", _CONTROLS, ids=lambda item: f"{ord(item):02x}")
def test_control_characters_are_removed(control: str) -> None:
    assert clean_line(f"{control}Rain{control}fall{control}") == "Rainfall"
    assert clean_paragraphs(f"{control}Rain{control}fall\n{control}\nends") == "Rainfall\n\nends"


@pytest.mark.parametrize("space", "\t\n\v\f\r\x85\u2028\u2029\u2003\u3000\u1680")
@pytest.mark.parametrize("around", ["", " ", "\n", "\u00a0"])
def test_white_space_in_a_line_becomes_one_space(space: str, around: str) -> None:
    if (space + around).strip("\u3000") == "":
        around = " "
    assert clean_line(f" a{around}{space}{around}b{space}") == "a b"


@pytest.mark.parametrize("text", ["«\u00a0Non\u202f!\u00a0»", "東京\u3000大阪", "a\u200cb"])
def test_meaningful_characters_stay(text: str) -> None:
    assert clean_line(text) == clean_paragraphs(text) == text


@pytest.mark.parametrize("space", "\u00a0\u202f\u3000")
def test_repeated_spaces_of_one_kind_become_one_such_space(space: str) -> None:
    assert clean_line(f"a{space * 3}b") == f"a{space}b"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_line_ends_are_normalized(end: str) -> None:
    assert clean_paragraphs(f"{end}one{end}{end}two\tthree{end}") == "one\n\ntwo\tthree"


@given(st.text(max_size=60))
def test_cleaning_is_idempotent(text: str) -> None:
    assert clean_line(clean_line(text)) == clean_line(text)
    assert clean_paragraphs(clean_paragraphs(text)) == clean_paragraphs(text)
