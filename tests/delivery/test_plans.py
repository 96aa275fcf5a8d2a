"""Lists are read in the order of an index, from the start of the page to its end."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from app.access.selection import Clause, Selection, TimeRange
from app.delivery.store import story_queries
from app.delivery.story_query import SortKey, StoryQuery
from app.kit.clock import to_micros
from app.kit.sql.database import Database
from tests.delivery.archive import EPOCH, NOW, SCHEDULED, STORIES, story_id
from tests.delivery.cost import Cost, cost

_PAGE = 21
_MIDDLE = (to_micros(EPOCH + timedelta(minutes=(STORIES - SCHEDULED) // 2)), story_id(0))


def build_clause(field: Any, *values: str) -> Clause:
    return Clause(field, values)


INDEXED = {
    "all": (),
    "a category": (build_clause("category", "c1"),),
    "a source": (build_clause("source", "s2"),),
    "a rare source": (build_clause("source", "s8"),),
    "a language": (build_clause("language", "fr"),),
    "a tag": (build_clause("tag", "t2"),),
    "an author": (build_clause("author", "a3"),),
    "a kind": (build_clause("kind", "opinion"),),
    "category and language": (build_clause("category", "c1"), build_clause("language", "fr")),
    "source and language": (build_clause("source", "s1"), build_clause("language", "ar")),
    "category and source": (build_clause("source", "s1"), build_clause("category", "c2")),
    "one of two categories": (build_clause("category", "c1", "c8"),),
    "one of two sources": (build_clause("source", "s1", "s7"),),
    "one of three categories": (build_clause("category", "c1", "c2", "c8"),),
    "one of five tags": (build_clause("tag", *(f"t{number}" for number in range(5))),),
    "two categories, a language": (
        build_clause("category", "c1", "c2"),
        build_clause("language", "en"),
    ),
}
OTHER = {
    "not a category": (Clause("category", (), ("c8",)),),
    "not a source": (Clause("source", (), ("s1",)),),
    "a tag and an author": (build_clause("tag", "t1"), build_clause("author", "a1")),
    "a source and a kind": (build_clause("source", "s1"), build_clause("kind", "opinion")),
    "a category twice": (build_clause("category", "c1"), build_clause("category", "c8")),
    "many sources": (build_clause("source", *(f"s{number}" for number in range(40))),),
}
WAYS = list(product((True, False), (False, True)))


def page_cost(
    database: Database,
    selection: Selection,
    *,
    key: SortKey = "published_at",
    descending: bool = True,
    placed: bool = False,
    preferred: tuple[str, ...] | None = None,
) -> Cost:
    query = StoryQuery(
        selection,
        key,
        descending,
        _MIDDLE if placed else None,
        limit=_PAGE - 1,
        preferred=preferred,
    )
    statement = story_queries.build_page_statement(query, NOW, database.dialect, with_state=True)
    return cost(database, *statement)


def work_for_ids(database: Database, number: int) -> int:
    """Return the work of fetching a number of stories by their ids."""
    ids = tuple(story_id(element) for element in range(number))
    selection = Selection((Clause("id", ids),))
    statement = story_queries.build_page_statement(
        StoryQuery(selection), NOW, database.dialect, with_state=True
    )
    return cost(database, *statement).visited


@pytest.mark.parametrize("name", INDEXED)
def test_a_list_with_an_index_reads_only_its_page(name: str, archive: Database) -> None:
    selection = Selection(INDEXED[name])
    for descending, placed in WAYS:
        page = page_cost(archive, selection, descending=descending, placed=placed)
        assert not page.sorts, page.steps
        assert 0 < page.returned <= _PAGE
        assert page.visited <= 3 * max(work_for_ids(archive, page.returned), page.returned)


@pytest.mark.parametrize("key", ["published_at", "updated_at"])
def test_a_list_within_a_period_reads_only_its_page(key: SortKey, archive: Database) -> None:
    early, late = EPOCH + timedelta(minutes=100), EPOCH + timedelta(minutes=2_000)
    for span in (
        TimeRange(early, None),
        TimeRange(None, late),
        TimeRange(early, late),
        TimeRange(None, None),
    ):
        name = key.removesuffix("_at")
        selection = Selection(**{name: span})  # type: ignore[arg-type]
        for descending, placed in WAYS:
            page = page_cost(archive, selection, key=key, descending=descending, placed=placed)
            assert not page.sorts, page.steps
            assert page.visited <= 3 * max(work_for_ids(archive, _PAGE), _PAGE)


@pytest.mark.parametrize("preferred", [(), ("fr", "en")])
def test_a_preferred_translation_costs_one_lookup_for_each_row(
    preferred: tuple[str, ...], archive: Database
) -> None:
    for clauses in (
        (),
        (build_clause("language", "fr", "en"),),
        (build_clause("category", "c1"),),
    ):
        for descending, placed in WAYS:
            page = page_cost(
                archive,
                Selection(clauses),
                descending=descending,
                placed=placed,
                preferred=preferred,
            )
            assert not page.sorts, page.steps
            assert 0 < page.returned <= _PAGE
            assert page.visited <= 5 * max(work_for_ids(archive, _PAGE), _PAGE)


@pytest.mark.parametrize("key", ["published_at", "updated_at"])
def test_no_list_is_sorted(key: SortKey, archive: Database) -> None:
    for name, clauses in (INDEXED | OTHER).items():
        for descending, placed in WAYS:
            page = page_cost(
                archive, Selection(clauses), key=key, descending=descending, placed=placed
            )
            assert not page.sorts, (name, page.steps)


@pytest.mark.parametrize("number", [1, 2, 3, 100])
def test_stories_are_looked_up_by_id(number: int, archive: Database) -> None:
    ids = tuple(story_id(element) for element in range(number))
    query = StoryQuery(Selection((Clause("id", ids),)))
    lookup = cost(archive, *story_queries.build_page_statement(query, NOW, archive.dialect))
    assert not lookup.sorts, lookup.steps
    assert lookup.visited <= (number if archive.dialect == "postgresql" else 200 + 100 * number)


def test_only_a_list_with_an_index_is_short() -> None:
    for clauses in INDEXED.values():
        assert StoryQuery(Selection(clauses)).is_short
    for clauses in OTHER.values():
        assert not StoryQuery(Selection(clauses)).is_short
    assert not StoryQuery(Selection(INDEXED["a tag"]), "updated_at").is_short
    assert not StoryQuery(Selection(updated=TimeRange(EPOCH, None))).is_short
    assert StoryQuery(Selection(updated=TimeRange(EPOCH, None)), "updated_at").is_short
    assert StoryQuery(
        Selection((Clause("id", ("x",)), Clause("tag", ("t",)))), "updated_at"
    ).is_short
