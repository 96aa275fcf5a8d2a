"""Selections match as a naive implementation of the filters does."""

from datetime import UTC, datetime, timedelta
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from app.access.selection import (
    Clause,
    Field,
    Selection,
    SelectionFields,
    TimeRange,
    fold,
    language_ranges,
)
from app.kit.clock import format_instant, parse_instant

FIELDS: tuple[Field, ...] = get_args(Field)
VALUES = st.sampled_from("abcd")
START = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 6).map(lambda days: START + timedelta(days=days))
CLAUSES = st.builds(
    Clause,
    st.sampled_from(FIELDS),
    st.lists(VALUES, max_size=3).map(tuple),
    st.lists(VALUES, max_size=2).map(tuple),
)
SPANS = st.builds(TimeRange, st.none() | MOMENTS, st.none() | MOMENTS)
SELECTIONS = st.builds(Selection, st.lists(CLAUSES, max_size=4).map(tuple), SPANS, SPANS)
STORIES = st.fixed_dictionaries(
    {field: st.lists(VALUES, max_size=3) for field in FIELDS}
    | {key: MOMENTS.map(format_instant) for key in ("published_at", "updated_at")}
)


def matches_naively(selection: Selection, story: SelectionFields) -> bool:
    """Match a selection by the simplest possible code."""
    for clause in selection.clauses:
        has = set(story[clause.field])
        if clause.included and not has & set(clause.included):
            return False
        if has & set(clause.excluded):
            return False
    for span, moment in (
        (selection.published, story["published_at"]),
        (selection.updated, story["updated_at"]),
    ):
        if span.start is not None and parse_instant(moment) < span.start:
            return False
        if span.end is not None and parse_instant(moment) >= span.end:
            return False
    return True


@given(SELECTIONS, STORIES)
def test_a_selection_matches_like_a_naive_implementation(
    selection: Selection, story: SelectionFields
) -> None:
    assert selection.matches(story) == matches_naively(selection, story)


@given(STORIES)
def test_an_empty_selection_matches_everything(story: SelectionFields) -> None:
    assert Selection().matches(story)


def test_a_time_range_includes_its_start_and_not_its_end() -> None:
    span = TimeRange(START, START + timedelta(days=1))
    assert span.includes(START)
    assert span.includes(START + timedelta(hours=23))
    assert not span.includes(START + timedelta(days=1))
    assert not span.includes(START - timedelta(microseconds=1))


def test_tags_compare_without_regard_to_case_and_composition() -> None:
    assert fold("ÉLYSÉE") == fold("e\u0301lyse\u0301e")
    assert fold("Straße") == fold("STRASSE")
    assert fold("Rabat") != fold("Rabbat")


@given(st.text(max_size=30))
def test_folding_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_every_wider_range_includes_a_language() -> None:
    assert language_ranges("fr-CA") == ("fr", "fr-ca")
    assert language_ranges("zh-Hant-HK") == ("zh", "zh-hant", "zh-hant-hk")
    assert language_ranges("ar") == ("ar",)
