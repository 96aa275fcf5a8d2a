"""Where hundreds of thousands of stories fit, the newest are looked at, and the others are not.

The engine weighs each story that fits, so that a search takes as long as its words are frequent.
Words that so many stories have tell little of any one of them, and what is new leads them anyway.
"""

from functools import lru_cache

from tantivy import Occur, Query, Searcher

from app.search.engine.schema import NO_VALUE, SCHEMA
from app.search.index import MOST_RELEVANT

# From so many stories on that may fit, the newest are tried first: as many whole months as should
# hold so many that fit. To find one among others takes twice as long as to find all of them.
FREQUENT, FITTING = 200_000, 40_000
# Where fewer of the newest fit, all stories are looked at: so nothing that can be reached is lost.
ENOUGH = 10 * MOST_RELEVANT


def among_newest(searcher: Searcher, query: Query, frequent: float) -> Query:
    """Return a query that finds of another what is in the newest months; scores stay the same.

    `frequent` is in about how many stories its rarest word stands.
    """
    months = _newest(searcher, FITTING * searcher.num_docs / frequent)
    newest = Query.const_score_query(Query.term_set_query(SCHEMA, "month", months), 0.0)
    return Query.boolean_query([(Occur.Must, query), (Occur.Must, newest)])


def _newest(searcher: Searcher, wanted: float) -> list[str]:
    months = []
    stories = 0
    for month, count in _months(searcher):
        if stories >= wanted:
            break
        months.append(month)
        stories += count
    return months


# The states that are read: the last ones, so few are kept open.
@lru_cache(maxsize=4)
def _months(searcher: Searcher) -> list[tuple[str, int]]:
    """Return all months with the number of stories in each, the newest first."""
    counted = searcher.terms_with_prefix("month", "")
    return sorted((one for one in counted if one[0] != NO_VALUE), reverse=True)
