"""Orders by date that last: by an instant, and by a tie among stories of one instant.

The engine sorts by one column. So the stories of the first instant and those of the last are
asked for apart, by their ties; all others come whole.
"""

from tantivy import DocAddress, Occur, Order, Query, Searcher

from app.search.engine.filters import between
from app.search.index import Ask, Place

Dated = tuple[Place, DocAddress]


def dated(searcher: Searcher, query: Query, ask: Ask, limit: int) -> list[Dated]:
    """Return so many stories after a place in an order by date."""
    look = _Look(searcher, query, ask)
    found: list[Dated] = []
    start = ask.place
    if start is not None:
        found = look.of_instant(start.at, after=start.tie, limit=limit)
    if len(found) < limit:
        found += _rest(look, start, limit - len(found))
    return found


def _rest(look: "_Look", start: Place | None, limit: int) -> list[Dated]:
    found = look.beyond(start.at if start is not None else None, limit)
    if len(found) == limit:
        # Of the last instant there may be more, and others of them may come first.
        last = found[-1][0].at
        kept = [one for one in found if one[0].at != last]
        found = kept + look.of_instant(last, after=None, limit=limit - len(kept))
    return found


class _Look:
    """Looks at the stories of one query in one order."""

    def __init__(self, searcher: Searcher, query: Query, ask: Ask) -> None:
        self._searcher = searcher
        self._query = query
        self._name = ask.order
        self._descending = ask.descending

    def of_instant(self, at: int, *, after: int | None, limit: int) -> list[Dated]:
        """Return stories of one instant, after a tie."""
        clauses = [between(self._name, at, at)]
        if after is not None:
            clauses.append(self._past("tie", after))
        return self._found(clauses, "tie", limit)

    def beyond(self, at: int | None, limit: int) -> list[Dated]:
        """Return stories after an instant."""
        clauses = [self._past(self._name, at)] if at is not None else []
        found = self._found(clauses, self._name, limit)
        return sorted(found, key=_key, reverse=self._descending)

    def _past(self, name: str, value: int) -> Query:
        return (
            between(name, None, value - 1) if self._descending else between(name, value + 1, None)
        )

    def _found(self, clauses: list[Query], by: str, limit: int) -> list[Dated]:
        query = self._query
        if clauses:
            parts = [(Occur.Must, one) for one in (query, *clauses)]
            query = Query.boolean_query(parts)
        order = Order.Desc if self._descending else Order.Asc
        hits = self._searcher.search(query, limit, count=False, order_by_field=by, order=order).hits
        return places(self._searcher, self._name, [address for _, address in hits])


def places(searcher: Searcher, name: str, addresses: list[DocAddress]) -> list[Dated]:
    """Return stories with their places in an order by date."""
    instants = searcher.fast_field_values(name, addresses)
    ties = searcher.fast_field_values("tie", addresses)
    return [
        (Place(int(at or 0), int(tie or 0)), address)
        for at, tie, address in zip(instants, ties, addresses, strict=True)
    ]


def _key(one: Dated) -> tuple[int, int]:
    return one[0].at, one[0].tie
