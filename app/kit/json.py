"""JSON as bytes, fast and strict: no NaN, no lone surrogates, UTF-8 only."""

from collections.abc import Mapping
from typing import Any

import orjson

JSONDecodeError = orjson.JSONDecodeError


# Write a value as compact JSON; read JSON, or raise `JSONDecodeError` where it is malformed.
dumps = orjson.dumps
loads = orjson.loads


def dumps_sorted(value: Any) -> bytes:
    """Write a value as compact JSON with the members of objects in order, to compare it."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def dumps_text(value: Any) -> str:
    """Write a value as compact JSON in a string, as database columns want it."""
    return orjson.dumps(value).decode()


def measure(value: Any, deepest: int) -> tuple[int, int]:
    """Return how many levels a value has, and how many members and items on all of them.

    What is below level `deepest + 1` is not looked at.
    """
    level, levels, count = [value], 0, 0
    while level and levels <= deepest:
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level, levels, count = below, levels + 1, count + len(below)
    return levels, count


def drop_empty(members: Mapping[str, Any]) -> dict[str, Any]:
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
