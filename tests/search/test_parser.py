"""Parsing of queries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.search.query.parser import MOST_CHARACTERS, MOST_WORDS, ParsedQuery, QueryPart, parse_query


def _groups(typed: ParsedQuery) -> list[list[str]]:
    return [[part.text for part in group] for group in typed.required]


@pytest.mark.parametrize(
    ("typed", "groups"),
    [
        ("climate change", [["climate"], ["change"]]),
        ('"climate change" talks', [['"climate change"'], ["talks"]]),
        ("“climate change” «accord»", [['"climate change"'], ['"accord"']]),
        ("cats OR dogs rain", [["cats", "dogs"], ["rain"]]),
        ("cats OR dogs | birds", [["cats", "dogs", "birds"]]),
        ("cats or dogs", [["cats"], ["or"], ["dogs"]]),
        ("OR cats OR", [["cats"]]),
        ("title:paris rain", [["title:paris"], ["rain"]]),
        ('Title: "city of light"', [['title:"city of light"']]),
        ("covid-19 - plan", [["covid-19"], ["plan"]]),
        ('an "unclosed quote', [["an"], ["unclosed"], ["quote"]]),
        ("state:vector a:b", [["state:vector"], ["a:b"]]),
        ("the (right) [words] ^ ~ *", [["the"], ["(right)"], ["[words]"]]),
        ("", []),
        (' " - title: ', [["title:"]]),
    ],
)
def test_words_phrases_and_alternatives(typed: str, groups: list[list[str]]) -> None:
    assert _groups(parse_query(typed)) == groups


@pytest.mark.parametrize(
    ("typed", "unwanted"),
    [
        ("rain -snow", ["snow"]),
        ('rain -"heavy snow" −hail', ['"heavy snow"', "hail"]),
        ("rain -title:snow", ["title:snow"]),
        ("rain - snow well-known", []),
    ],
)
def test_a_minus_excludes_a_word(typed: str, unwanted: list[str]) -> None:
    parsed = parse_query(typed)

    assert [part.text for part in parsed.excluded] == unwanted


@pytest.mark.parametrize(
    ("typed", "is_open"),
    [
        ("rain in rab", True),
        ("cats OR dog", True),
        ("title:rab", True),
        ("rain in rab ", False),
        ("rain in rab?", False),
        ('"rain in rab"', False),
        ("rain -rab", False),
    ],
)
def test_the_last_word_is_a_prefix(typed: str, is_open: bool) -> None:
    groups = parse_query(typed).required

    assert [part.is_prefix for group in groups for part in group][-1] is is_open
    assert not any(part.is_prefix for group in groups for part in group[:-1])


@pytest.mark.parametrize(
    ("typed", "reference"),
    [
        (" https://site.example/story?x=1 ", "https://site.example/story?x=1"),
        ("www.site.example/story", "www.site.example/story"),
        ("0198C0DE-0000-7000-8000-000000000000", "0198c0de-0000-7000-8000-000000000000"),
        ("https://site.example/a and b", None),
        ("0198c0de", None),
    ],
)
def test_an_id_or_an_address_is_a_reference(typed: str, reference: str | None) -> None:
    parsed = parse_query(typed)

    assert parsed.reference == reference
    # An address is also searched for in texts, if it belongs to no story.
    assert bool(parsed.required) is (reference is None or "/" in reference)


@pytest.mark.parametrize("typed", ["Who won?", "من فاز؟", "誰が勝った？ "])
def test_a_question_is_recognized_by_its_mark(typed: str) -> None:
    assert parse_query(typed).is_question


def test_a_long_query_is_truncated() -> None:
    many, long = parse_query("word " * 1000), parse_query("w" * 10_000)

    assert len(many.required) == MOST_WORDS
    assert len(long.required[0][0].words[0]) == MOST_CHARACTERS


def test_a_parsed_query_can_be_written_as_text() -> None:
    typed = 'rain title:"city of light" cats OR dogs -snow'

    assert parse_query(typed).text == typed


def test_an_empty_query_parses_to_nothing() -> None:
    assert not parse_query(" -- ")
    assert parse_query("-snow")


@given(st.text())
def test_any_text_can_be_parsed(typed: str) -> None:
    parsed = parse_query(typed)

    parts = [part for group in parsed.required for part in group] + list(parsed.excluded)
    assert all(any(map(str.isalnum, "".join(part.words))) for part in parts)
    assert sum(len(part.words) for part in parts) <= MOST_WORDS


_PIECES = st.sampled_from(
    ["rain", '"', " -snow ", " ", "OR", "|", " title:hail ", "?", "\u202e", "\0", "\n"]
)


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_a_parsed_query_reads_like_the_original(typed: str) -> None:
    parsed = parse_query(typed)
    again = parse_query(parsed.text + " ")

    closed = tuple(
        tuple(QueryPart(part.words, part.phrase, part.title) for part in group)
        for group in parsed.required
    )
    assert again.required == closed
    assert again.excluded == parsed.excluded
    assert again.is_question or not parsed.is_question
