"""Limit very frequent queries to the newest months.

The engine scores every matching story, so a search takes as long as its words are frequent. Words
that are in hundreds of thousands of stories say little about any of them, and recent stories rank
first anyway.
"""

from functools import lru_cache

from tantivy import Occur, Query, Searcher

from app.search.engine.schema import NO_VALUE, SCHEMA
from app.search.index import MOST_RELEVANT

# From `FREQUENT` matching stories on, the newest months are searched first: as many whole months as
# should contain `WANTED_MATCHES`. A match inside a filter takes twice as long as without one.
FREQUENT, WANTED_MATCHES = 200_000, 40_000
# With fewer matches in those months all stories are searched, so that every reachable page exists.
MIN_MATCHES = 10 * MOST_RELEVANT


def restrict_to_newest(searcher: Searcher, query: Query, frequent: float) -> Query:
    """Return a query limited to the newest months; scores do not change.

    `frequent` is the estimated number of stories with the query's rarest word.
    """
    months = _select_months(searcher, WANTED_MATCHES * searcher.num_docs / frequent)
    newest = Query.const_score_query(Query.term_set_query(SCHEMA, "month", months), 0.0)
    return Query.boolean_query([(Occur.Must, query), (Occur.Must, newest)])


def _select_months(searcher: Searcher, wanted: float) -> list[str]:
    months = []
    stories = 0
    for month, count in _count_months(searcher):
        if stories >= wanted:
            break
        months.append(month)
        stories += count
    return months


# The states that are read: the last ones, so few are kept open.
@lru_cache(maxsize=4)
def _count_months(searcher: Searcher) -> list[tuple[str, int]]:
    """Return all months with the number of stories in each, the newest first."""
    counted = searcher.terms_with_prefix("month", "")
    return sorted((month for month in counted if month[0] != NO_VALUE), reverse=True)
