"""A list has exactly the stories that the reader's grants include, each under its first grant."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.access.entitlement import NOTHING, Entitlement, Grant, combine
from app.access.selection import Clause, Selection
from app.delivery.queries import sort_page
from app.delivery.store import story_queries
from app.delivery.story_query import SortKey, StoryQuery
from app.kit.sql.database import Database
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import CompiledStatement, merge_rows
from tests.delivery.archive import NOW, SCHEDULED, STORIES, attributes, story_id
from tests.delivery.cost import cost
from tests.delivery.test_selections import clauses
from tests.repetitions import repetitions

_OUT = [attributes(number) for number in range(STORIES - SCHEDULED)]


def _minutes(most: int) -> st.SearchStrategy[timedelta]:
    return st.integers(0, most).map(lambda count: timedelta(minutes=count))


def grants() -> st.SearchStrategy[Grant]:
    selections = st.lists(clauses(), max_size=2).map(lambda some: Selection(tuple(some)))
    return st.builds(
        Grant,
        selections,
        st.sampled_from(["full", "headline"]),
        st.booleans(),
        st.just(False),
        st.just(timedelta()) | _minutes(STORIES),
        st.none() | _minutes(STORIES),
    )


def read_pages(session: ReadSession, query: StoryQuery) -> list[tuple[str, int]]:
    """Return the ids of a list with the numbers of their grants, read in pages of seven."""
    rows_read: list[tuple[str, int]] = []
    position = None
    for _ in range(5):
        page = StoryQuery(
            query.selection,
            query.key,
            query.descending,
            position,
            limit=7,
            entitlement=query.entitlement,
        )
        rows = sort_page(page, story_queries.load_page(session, page, NOW))
        if not rows:
            break
        rows_read += [(row.id, row.grant) for row in rows]
        position = (rows[-1].place, rows[-1].id)
    return rows_read


_TWICE = (
    Grant(Selection((Clause("category", ("c1", "c8")),)), "headline"),
    Grant(Selection((Clause("language", ("en",)),)), images=False, depth=timedelta(minutes=900)),
    Grant(Selection((Clause("category", ("c1",)),)), delay=timedelta(minutes=90)),
)


@example(chosen=_TWICE, clause=None, key="published_at", descending=True)
@example(chosen=(), clause=None, key="published_at", descending=True)
@settings(
    deadline=None,
    max_examples=repetitions(50),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    chosen=st.lists(grants(), min_size=1, max_size=5).map(tuple),
    clause=st.none() | clauses(),
    key=st.sampled_from(["published_at", "updated_at"]),
    descending=st.booleans(),
)
def test_pages_contain_each_granted_story_once_under_its_first_grant(
    archive: Database,
    chosen: tuple[Grant, ...],
    clause: Clause | None,
    key: SortKey,
    descending: bool,
) -> None:
    entitlement = combine(chosen)
    selection = Selection(() if clause is None else (clause,))
    expected = _find_granted(entitlement, selection)
    listed = sorted(expected, reverse=descending)
    query = StoryQuery(selection, key, descending, entitlement=entitlement)
    with archive.read() as session:
        actual = read_pages(session, query)
        assert actual == [(id_, expected[id_]) for id_ in listed[:35]]
        assert story_queries.count_stories(session, query, NOW).number == len(expected)
        for number in (0, 7, 900, STORIES - 1):
            story = story_queries.load_story(
                session, story_id(number), NOW, entitlement=entitlement
            )
            everything = _find_granted(entitlement, Selection())
            grant = None if story is None else story.grant
            assert grant == everything.get(story_id(number))


_FIVE = combine(
    (
        Grant(Selection((Clause("category", ("c1",)),))),
        Grant(Selection((Clause("category", ("c8",)),)), "headline"),
        Grant(Selection((Clause("source", ("s1",)),)), "headline"),
        Grant(Selection((Clause("language", ("fr",)),))),
        Grant(Selection((Clause("tag", ("t1",)),)), "headline"),
    )
)


def test_a_list_of_five_grants_reads_little_more_than_it_shows(archive: Database) -> None:
    query = StoryQuery(entitlement=_FIVE)
    statement, params = story_queries.build_page_statement(query, NOW, archive.dialect)
    compiled = CompiledStatement(statement, archive.engine.dialect)
    if archive.dialect == "sqlite":
        found = cost(archive, statement, params)
        assert not found.sorts
        # It would read all ranges before the first row otherwise.
        assert any(step.startswith("CO-ROUTINE") for step in found.steps)
        with archive.engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            cursor = driver.execute(compiled.text, compiled.values(params))
            assert compiled.merged_by is not None
            assert len(merge_rows(cursor, compiled.merged_by, 21)) == 21
            # A story in several ranges is read once for each, and no other story is read.
            assert len(cursor.fetchall()) > 40
            cursor.close()
        return
    # A prepared statement has a generic plan.
    text, _ = compiled.numbered_sql
    with archive.engines[-1].connect() as connection:
        explain = connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN) {text.replace('%', '%%')}")
        plan = "\n".join(explain.scalars())
    assert "Merge Append" in plan
    assert "Run Condition" in plan
    assert "Sort  (" not in plan


def test_a_reader_without_grants_sees_nothing(archive: Database) -> None:
    with archive.read() as session:
        assert read_pages(session, StoryQuery(entitlement=NOTHING)) == []
        assert story_queries.load_story(session, story_id(7), NOW, entitlement=NOTHING) is None


def _find_granted(entitlement: Entitlement, selection: Selection) -> dict[str, int]:
    granted = {}
    for story in _OUT:
        grant = entitlement.find_grant(story, NOW)
        if grant is not None and selection.matches(story):
            granted[story["id"][0]] = entitlement.grants.index(grant)
    return granted
