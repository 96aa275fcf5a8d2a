"""The cost of requests, in units of a list or a story.

An answer from the cache costs 1, and so does a write.
"""

from urllib.parse import unquote_to_bytes

# By the path of the route; all others cost 1.
COSTS = {
    "/v1/search": 5,
    "/v1/suggest": 2,
    "/v1/articles/{ref}/related": 5,
    "/feeds/search.{ext}": 5,
    "/v1/changes": 5,
    "/v1/manage/export": 50,
    "/v1/manage/products/preview": 5,
}
# Added for parts of the query: counts compare every story of a selection.
_OF_QUERIES = {b"count=exact": 5, b"facets=": 5}
# Added to `/v1/changes` without a cursor, which begins a snapshot.
_SNAPSHOT, _SYNC = 5, "/v1/changes"


def find_cost(route: str, query: bytes) -> int:
    """Return the cost of a request for a route."""
    cost = COSTS.get(route, 1)
    if query:
        # The name of a parameter may be percent-encoded.
        query = unquote_to_bytes(query)
        for part, more in _OF_QUERIES.items():
            if part in query:
                cost += more
    if route == _SYNC and b"cursor=" not in query:
        cost += _SNAPSHOT
    return cost
