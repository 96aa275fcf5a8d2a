"""From a selection to a query for the engine: which stories may be found at all."""

from datetime import datetime

from tantivy import FieldType, Occur, Query

from app.access.selection import Clause, Selection, TimeRange
from app.kit.clock import to_micros
from app.search.addresses import last_name, normal_address
from app.search.engine.schema import SCHEMA, called, every_story

Clauses = list[tuple[Occur, Query]]


def narrowed(query: Query | None, selection: Selection, without: Query | None) -> Query:
    """Return a query that finds of another only what a selection holds, less some stories.

    Filters add nothing to a score. A query that nothing narrows stays as it is, since the
    engine answers a bare one several times as fast.
    """
    clauses = filter_clauses(selection)
    if without is not None:
        clauses.append((Occur.MustNot, without))
    if query is None:
        query = every_story()
    if not clauses:
        return query
    return Query.boolean_query([(Occur.Must, query), *clauses])


def filter_clauses(selection: Selection) -> Clauses:
    """Return what has to hold and what must not, for each clause and span of a selection."""
    found: Clauses = []
    for clause in selection.clauses:
        found += _clause(clause)
    for name, span in (("published_at", selection.published), ("updated_at", selection.updated)):
        found += _span(name, span)
    return found


def stories_by_id(ids: list[str]) -> Query:
    """Return the query for stories with these ids."""
    return _any_of("id", tuple(ids))


def referred(reference: str) -> Query:
    """Return the query for the story that an id, a slug or an address names."""
    parts = [
        Query.term_query(SCHEMA, "id", reference.lower(), "basic"),
        Query.term_query(SCHEMA, "called", called(normal_address(reference)), "basic"),
        Query.term_query(SCHEMA, "called", called(last_name(reference)), "basic"),
    ]
    return Query.boolean_query([(Occur.Should, part) for part in parts])


def between(name: str, least: int | None, most: int | None) -> Query:
    """Return the query for stories whose number lies within limits, both of them taken in."""
    return Query.range_query(SCHEMA, name, FieldType.Integer, least, most)


def _clause(clause: Clause) -> Clauses:
    found: Clauses = []
    if clause.included:
        wanted = Query.const_score_query(_any_of(clause.field, clause.included), 0.0)
        found.append((Occur.Must, wanted))
    if clause.excluded:
        found.append((Occur.MustNot, _any_of(clause.field, clause.excluded)))
    return found


def _any_of(name: str, values: tuple[str, ...]) -> Query:
    if len(values) == 1:
        return Query.term_query(SCHEMA, name, values[0], "basic")
    return Query.term_set_query(SCHEMA, name, values)


def _span(name: str, span: TimeRange) -> Clauses:
    if span.start is None and span.end is None:
        return []
    end = None if span.end is None else to_micros(span.end) - 1
    query = between(name, _micros(span.start), end)
    return [(Occur.Must, Query.const_score_query(query, 0.0))]


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else to_micros(moment)
