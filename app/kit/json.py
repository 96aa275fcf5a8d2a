"""JSON as bytes, fast and strict: no NaN, no lone surrogates, UTF-8 only."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

JSONDecodeError = orjson.JSONDecodeError
# Writes a value as compact JSON. Called for each answer several times, so nothing stands between.
dumps: Callable[[Any], bytes] = orjson.dumps
# Reads JSON; raises `JSONDecodeError` where it is malformed.
loads: Callable[[bytes | str], Any] = orjson.loads


def dumps_sorted(value: Any) -> bytes:
    """Write a value as compact JSON with the members of objects in order, to compare it."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def dumps_text(value: Any) -> str:
    """Write a value as compact JSON in a string, as database columns want it."""
    return orjson.dumps(value).decode()


def is_deeper(value: Any, most: int) -> bool:
    """Tell whether a value nests deeper than so many levels."""
    level = [value]
    for _ in range(most):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return False
    return True


def is_larger(value: Any, most: int) -> bool:
    """Tell whether a value has more than so many members and items, on all levels together."""
    level, count = [value], 0
    while level and count <= most:
        level = [inner for one in level for inner in _inside(one)]
        count += len(level)
    return count > most


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def filled(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without the members that say nothing: null, an empty text or list."""
    return {name: value for name, value in members.items() if value not in (None, "", [])}


def merge_patch(target: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7396, section 2) and return the result."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged
