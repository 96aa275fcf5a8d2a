"""Queries for the stories that a reader may find, by the words that it may find them by."""

from collections.abc import Sequence
from typing import NamedTuple

from tantivy import Occur, Query

from app.access.selection import Selection
from app.search.engine.filters import build_filters
from app.search.engine.schema import SCHEMA, all_stories
from app.search.index import Grants
from app.search.text_fields import HEADLINE, TEXT


class FormQueries(NamedTuple):
    """A query for stories in full form, and for those in headline form; None means no condition.

    The query for a form that no grant has is not used.
    """

    full: Query | None = None
    headline: Query | None = None


def word_query(word: str) -> FormQueries:
    """Return a query for stories with a word."""
    return FormQueries(*(Query.term_query(SCHEMA, field, word) for field in (TEXT, HEADLINE)))


def apply_grants(queries: FormQueries, grants: Grants) -> Query | None:
    """Return a query for the stories of some grants, or None for all stories.

    A story of several grants is matched in its full form if one of them has this form. Grants add
    nothing to a score. With a grant for everything, the query is returned unchanged, because the
    engine answers a bare query several times as fast.
    """
    full = [grant.selection for grant in grants if grant.form == "full"]
    headline = [grant.selection for grant in grants if grant.form == "headline"]
    if not headline:
        return _restrict(queries.full, full)
    if not full:
        return _restrict(queries.headline, headline)
    if queries == FormQueries():
        return _restrict(None, full + headline)
    rest = [(Occur.Must, _require(queries.headline, headline)), (Occur.MustNot, _select(full))]
    return _any_of([_require(queries.full, full), Query.boolean_query(rest)])


def _require(query: Query | None, selections: Sequence[Selection]) -> Query:
    restricted = _restrict(query, selections)
    return all_stories() if restricted is None else restricted


def _restrict(query: Query | None, selections: Sequence[Selection]) -> Query | None:
    """Return a query restricted to the stories of any selection; None stands for all stories."""
    if Selection() in selections:
        return query
    granted = Query.const_score_query(_select(selections), 0.0)
    if query is None:
        return granted
    return Query.boolean_query([(Occur.Must, query), (Occur.Must, granted)])


def _select(selections: Sequence[Selection]) -> Query:
    """Return a query for the stories of any selection."""
    return _any_of([_select_one(selection) for selection in selections])


def _select_one(selection: Selection) -> Query:
    clauses = build_filters(selection)
    if all(occur == Occur.MustNot for occur, _ in clauses):
        clauses.append((Occur.Must, all_stories()))
    return Query.boolean_query(clauses)


def _any_of(queries: list[Query]) -> Query:
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, query) for query in queries])
