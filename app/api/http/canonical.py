"""The canonical form of a request: one for all that ask for the same."""

from collections.abc import Mapping
from unicodedata import normalize
from urllib.parse import parse_qsl, urlencode

from app.kit.bounded import BoundedCache

# What a parameter means where it is left out, for each list; said, it makes no difference.
# Anywhere else it is unknown, and has to be refused further inside.
_LIST = {"limit": "20", "count": "none"}
_STORIES = {**_LIST, "sort": "-published_at", "one_per_story": "false"}
_FOUND = {"limit": "20", "sort": "-published_at"}
_FEEDS = {**_FOUND, "one_per_story": "false"}
_DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "/v1/headlines": _STORIES,
    "/v1/articles": _STORIES,
    "/v1/search": {**_LIST, "highlight": "false"},
    "/v1/sources": _LIST,
    "/v1/categories": {**_LIST, "tree": "false"},
}
_SORTED_BY_UPDATE = ("updated_after", "updated_before")
_LONGEST = 1_000
# Bytes of what is remembered, and what an entry takes besides its texts.
_MOST_BYTES, _OF_AN_ENTRY = 4 * 2**20, 400

_aliases: BoundedCache[tuple[bytes, str], bytes] = BoundedCache(
    _MOST_BYTES, lambda key, made: _OF_AN_ENTRY + len(key[0]) + 4 * len(key[1]) + len(made)
)


def canonical_query(path: str, query: bytes) -> bytes:
    """Return a query string with its parameters in order and defaults left out.

    Of a parameter that is repeated all must hold, so their order means nothing either. What is
    typed on some systems comes decomposed, and means what it means composed. A query that cannot
    be read stays as it is, and is refused further inside.
    """
    if not query:
        return query
    if len(query) + len(path) > _LONGEST:
        return _folded(path, query)
    known = _aliases.get((query, path))
    if known is None:
        known = _aliases[(query, path)] = _folded(path, query)
    return known


def _folded(path: str, query: bytes) -> bytes:
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200
        )
    except ValueError:
        return query
    pairs = [(name, normalize("NFC", value)) for name, value in pairs]
    names = [name for name, _ in pairs]
    usual = dict(_DEFAULTS.get(path) or _usual_of_feed(path))
    if "sort" in usual and any(name in _SORTED_BY_UPDATE for name in names):
        usual["sort"] = "-updated_at"
    # Said twice it is an error, even if both times it is the default.
    kept = [
        (name, value) for name, value in pairs if usual.get(name) != value or names.count(name) > 1
    ]
    return urlencode(sorted(kept)).encode()


def _usual_of_feed(path: str) -> Mapping[str, str]:
    if path.startswith("/feeds/search."):
        return _FOUND
    return _FEEDS if path.startswith("/feeds/") else {}
