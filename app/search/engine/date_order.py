"""Order by date with a tie breaker for stories of the same instant.

The engine sorts by one column. So stories of the first and of the last instant are queried
separately and sorted by tie breaker; all others come in one query.
"""

from tantivy import DocAddress, Occur, Order, Query, Searcher

from app.search.engine.filters import range_query
from app.search.index import DatePosition, IndexQuery

DatedHit = tuple[DatePosition, DocAddress]


def find_by_date(
    searcher: Searcher, query: Query, request: IndexQuery, limit: int
) -> list[DatedHit]:
    """Return up to `limit` stories after a position in an order by date."""
    order = _DateOrderSearch(searcher, query, request)
    hits: list[DatedHit] = []
    start = request.date_position
    if start is not None:
        hits = order.find_at(start.at, after=start.tie, limit=limit)
    if len(hits) < limit:
        hits += _find_rest(order, start, limit - len(hits))
    return hits


def _find_rest(order: "_DateOrderSearch", start: DatePosition | None, limit: int) -> list[DatedHit]:
    hits = order.find_after(start.at if start is not None else None, limit)
    if len(hits) == limit:
        # More stories of the last instant may exist and belong before these.
        last = hits[-1][0].at
        complete = [hit for hit in hits if hit[0].at != last]
        hits = complete + order.find_at(last, after=None, limit=limit - len(complete))
    return hits


class _DateOrderSearch:
    """Queries for the stories of one search in one order."""

    def __init__(self, searcher: Searcher, query: Query, request: IndexQuery) -> None:
        self._searcher = searcher
        self._query = query
        self._name = request.order
        self._descending = request.descending

    def find_at(self, at: int, *, after: int | None, limit: int) -> list[DatedHit]:
        """Return stories of one instant, after a tie breaker."""
        clauses = [range_query(self._name, at, at)]
        if after is not None:
            clauses.append(self._build_after("tie", after))
        return self._search(clauses, "tie", limit)

    def find_after(self, at: int | None, limit: int) -> list[DatedHit]:
        """Return stories after an instant."""
        clauses = [self._build_after(self._name, at)] if at is not None else []
        hits = self._search(clauses, self._name, limit)
        return sorted(hits, key=_sort_key, reverse=self._descending)

    def _build_after(self, name: str, value: int) -> Query:
        return (
            range_query(name, None, value - 1)
            if self._descending
            else range_query(name, value + 1, None)
        )

    def _search(self, clauses: list[Query], by: str, limit: int) -> list[DatedHit]:
        query = self._query
        if clauses:
            parts = [(Occur.Must, clause) for clause in (query, *clauses)]
            query = Query.boolean_query(parts)
        order = Order.Desc if self._descending else Order.Asc
        hits = self._searcher.search(query, limit, count=False, order_by_field=by, order=order).hits
        return load_date_positions(self._searcher, self._name, [address for _, address in hits])


def load_date_positions(
    searcher: Searcher, name: str, addresses: list[DocAddress]
) -> list[DatedHit]:
    """Return stories with their positions in an order by date."""
    instants = searcher.fast_field_values(name, addresses)
    ties = searcher.fast_field_values("tie", addresses)
    return [
        (DatePosition(int(at or 0), int(tie or 0)), address)
        for at, tie, address in zip(instants, ties, addresses, strict=True)
    ]


def _sort_key(hit: DatedHit) -> tuple[int, int]:
    return hit[0].at, hit[0].tie
