"""Highlights: marks around matches, in safe HTML."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search.highlighting.highlighter import Highlighter, Highlights
from app.search.query.parser import parse_query

_TAGS = re.compile("</?mark>")


def _highlight(typed: str, body: str, language: str = "en", title: str = "") -> Highlights:
    return Highlighter(parse_query(typed)).highlight(language, title, body)


@pytest.mark.parametrize(
    ("typed", "language", "text", "marked"),
    [
        ("election", "en", "Elections in May", "<mark>Elections</mark> in May"),
        ("élections", "fr", "L’élection de mai", "L’<mark>élection</mark> de mai"),
        ("elections", "fr", "L'ÉLECTION", "L'<mark>ÉLECTION</mark>"),
        ("حكومة", "ar", "قالت والحكومةُ", "قالت <mark>والحكومةُ</mark>"),
        ("gobierno", "es", "Los gobiernos", "Los <mark>gobiernos</mark>"),
        ("中国人", "zh", "我是中国人民", "我是<mark>中国人</mark>民"),
        ("elec", "en", "An electric car", "An <mark>electric</mark> car"),
        ("elec ", "en", "An electric car", "An electric car"),
        ('"red car"', "en", "A red car, a car", "A <mark>red car</mark>, a car"),
        ("F-16", "en", "An F-16 and 16 f", "An <mark>F-16</mark> and 16 f"),
        ("information", "de", "Infor\u00admation", "<mark>Infor\u00admation</mark>"),
        ("łodz", "pl", "W Ło\u00addź", "W <mark>Ło\u00addź</mark>"),
        ("2026", "ar", "عام ٢٠٢٦", "عام <mark>٢٠٢٦</mark>"),
        ("المدرسة", "ar", "ﺍﻟﻤﺪرسة", "<mark>ﺍﻟﻤﺪرسة</mark>"),
        ("the car", "en", "The car of the year", "The <mark>car</mark> of the year"),
        ("the", "en", "The car", "<mark>The</mark> car"),
        ("title:car", "en", "The car", "The <mark>car</mark>"),
        ("-car red", "en", "A red car", "A <mark>red</mark> car"),
        ("cats OR dogs", "en", "dogs and cats", "<mark>dogs</mark> and <mark>cats</mark>"),
        (
            "car",
            "en",
            "<b>car</b> & “car”",
            "&lt;b&gt;<mark>car</mark>&lt;/b&gt; &amp; “<mark>car</mark>”",
        ),
    ],
)
def test_titles_are_highlighted_in_full(typed: str, language: str, text: str, marked: str) -> None:
    assert _highlight(typed, "", language, text).title == marked


def test_words_in_another_language_than_the_story_are_highlighted() -> None:
    typed = parse_query("chevaux ")
    highlight = Highlighter(typed).highlight("en", "Un cheval", "")
    french = type(typed)(typed.required, languages=("fr",))
    with_languages = Highlighter(french).highlight("en", "Un cheval", "")

    assert highlight.title == "Un cheval"
    assert with_languages.title == "Un <mark>cheval</mark>"


def test_title_words_are_not_highlighted_in_bodies() -> None:
    assert _highlight("title:car red", "A red car").body == ("A <mark>red</mark> car",)


def test_a_short_body_is_shown_whole() -> None:
    assert _highlight("car", "Cars.\nA red\ncar.").body == (
        "<mark>Cars</mark>. A red <mark>car</mark>.",
    )


def test_a_body_without_matches_has_no_fragments() -> None:
    assert _highlight("car", "Nothing of it.").body == ()


def test_fragments_end_between_words() -> None:
    filler = "Lorem ipsum dolor sit amet. " * 20
    (fragment,) = _highlight("car", f"{filler}A red car came. {filler}").body

    assert fragment.startswith("… ")
    assert fragment.endswith(" …")
    plain = _TAGS.sub("", fragment.strip("… "))
    assert len(plain) <= 210
    assert f" {plain} " in f"{filler}A red car came. {filler}"


def test_the_fragments_with_most_of_the_query_are_shown_in_text_order() -> None:
    filler = "Lorem ipsum dolor sit amet. " * 20
    body = filler.join(["One car.", "Two cars.", "A red car.", "Three cars.", "A red car on ice."])
    fragments = _highlight("red car ice", body).body

    assert len(fragments) == 3
    assert "One <mark>car</mark>" in fragments[0]
    assert "<mark>red</mark> <mark>car</mark>." in fragments[1]
    assert "<mark>red</mark> <mark>car</mark> on <mark>ice</mark>" in fragments[2]


def test_fragments_do_not_overlap() -> None:
    fragments = _highlight(
        "car", " ".join(f"car{'' if n % 7 else ' number'} {n}" for n in range(90))
    ).body
    numbers = [set(re.findall(r"\d+", fragment)) for fragment in fragments]

    assert not numbers[0] & numbers[1]


@given(
    st.text(max_size=60),
    st.sampled_from(["en", "ar", "zh", ""]),
    st.lists(
        st.sampled_from(["car ", "<", "&amp;", '"', "中国", "حكومة ", "é", "\n"]), max_size=80
    ),
)
def test_without_marks_a_highlight_equals_the_text(
    typed: str, language: str, pieces: list[str]
) -> None:
    text = "".join(pieces)
    parsed = Highlighter(parse_query(typed + " car 中国")).highlight(language, text, text)

    assert unescape(_TAGS.sub("", parsed.title)) == text
    assert "<" not in _TAGS.sub("", parsed.title)
    for fragment in parsed.body:
        assert "<" not in _TAGS.sub("", fragment)
        assert unescape(_TAGS.sub("", fragment)).strip("… ") in " ".join(text.split())
