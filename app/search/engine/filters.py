"""Build the engine's filters from a selection."""

from datetime import datetime

from tantivy import FieldType, Occur, Query

from app.access.selection import Clause, Selection, TimeRange
from app.kit.clock import to_micros
from app.search.engine.schema import SCHEMA, all_stories, hash_name
from app.search.urls import last_path_segment, normalize_url

Clauses = list[tuple[Occur, Query]]


def apply_filters(query: Query | None, selection: Selection, removed: Query | None) -> Query:
    """Return a query restricted to a selection, without the stories of `removed`.

    Filters add nothing to a score. A query without filters is returned unchanged, because the
    engine answers a bare query several times as fast.
    """
    clauses = build_filters(selection)
    if removed is not None:
        clauses.append((Occur.MustNot, removed))
    if query is None:
        query = all_stories()
    if not clauses:
        return query
    return Query.boolean_query([(Occur.Must, query), *clauses])


def build_filters(selection: Selection) -> Clauses:
    """Return a required or excluded clause for each filter and date range of a selection."""
    clauses: Clauses = []
    for clause in selection.clauses:
        clauses += _build_clause(clause)
    for name, span in (("published_at", selection.published), ("updated_at", selection.updated)):
        clauses += _build_span(name, span)
    return clauses


def ids_query(ids: list[str]) -> Query:
    """Return a query for the stories with these ids."""
    return _any_of("id", tuple(ids))


def reference_query(reference: str) -> Query:
    """Return a query for the story with an id, a slug or a URL."""
    parts = [
        Query.term_query(SCHEMA, "id", reference.lower(), "basic"),
        Query.term_query(SCHEMA, "called", hash_name(normalize_url(reference)), "basic"),
        Query.term_query(SCHEMA, "called", hash_name(last_path_segment(reference)), "basic"),
    ]
    return Query.boolean_query([(Occur.Should, part) for part in parts])


def range_query(name: str, least: int | None, most: int | None) -> Query:
    """Return a query for stories whose number lies between two limits, inclusively."""
    return Query.range_query(SCHEMA, name, FieldType.Integer, least, most)


def _build_clause(clause: Clause) -> Clauses:
    clauses: Clauses = []
    if clause.included:
        included = Query.const_score_query(_any_of(clause.field, clause.included), 0.0)
        clauses.append((Occur.Must, included))
    if clause.excluded:
        clauses.append((Occur.MustNot, _any_of(clause.field, clause.excluded)))
    return clauses


def _any_of(name: str, values: tuple[str, ...]) -> Query:
    if len(values) == 1:
        return Query.term_query(SCHEMA, name, values[0], "basic")
    return Query.term_set_query(SCHEMA, name, values)


def _build_span(name: str, span: TimeRange) -> Clauses:
    if span.start is None and span.end is None:
        return []
    end = None if span.end is None else to_micros(span.end) - 1
    query = range_query(name, _micros(span.start), end)
    return [(Occur.Must, Query.const_score_query(query, 0.0))]


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else to_micros(moment)
