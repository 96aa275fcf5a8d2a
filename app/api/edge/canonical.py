"""The canonical form of a request: one for all that ask for the same."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

# What a parameter means when it is left out; so said, it makes no difference.
_DEFAULTS: Mapping[str, str] = {"limit": "20", "count": "none", "tree": "false"}
_SORTED_BY_UPDATE = ("updated_after", "updated_before")
_MOST_ALIASES = 10_000
_LONGEST = 1_000

_aliases: dict[tuple[bytes, str], bytes] = {}


def canonical_query(path: str, query: bytes) -> bytes:
    """Return a query string with its parameters in order and defaults left out.

    Of a parameter that is repeated all must hold, so their order means nothing either. A query
    that cannot be read stays as it is, and is refused further inside.
    """
    if not query:
        return query
    if len(query) + len(path) > _LONGEST:
        return _folded(query)
    known = _aliases.get((query, path))
    if known is None:
        if len(_aliases) >= _MOST_ALIASES:
            _aliases.clear()
        known = _aliases[(query, path)] = _folded(query)
    return known


def _folded(query: bytes) -> bytes:
    try:
        pairs = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200
        )
    except ValueError:
        return query
    names = {name for name, _ in pairs}
    usual = "-updated_at" if names.intersection(_SORTED_BY_UPDATE) else "-published_at"
    kept = [
        (name, value)
        for name, value in pairs
        if _DEFAULTS.get(name) != value and (name, value) != ("sort", usual)
    ]
    # Saying a default twice is an error all the same; it has to be seen inside.
    if len(names) != len(pairs) and any(name in _DEFAULTS or name == "sort" for name in names):
        kept = pairs
    return urlencode(sorted(kept)).encode()
