"""JSON as bytes, fast and strict: no NaN, no lone surrogates, UTF-8 only."""

from collections.abc import Mapping
from typing import Any

import orjson

JSONDecodeError = orjson.JSONDecodeError


# `dumps` writes compact JSON; `loads` raises `JSONDecodeError` for malformed input.
dumps = orjson.dumps
loads = orjson.loads


def dumps_sorted(value: Any) -> bytes:
    """Write a value as compact JSON with sorted members, for comparisons."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def dumps_text(value: Any) -> str:
    """Write a value as compact JSON in a string, for database columns."""
    return orjson.dumps(value).decode()


def measure(value: Any, deepest: int) -> tuple[int, int]:
    """Return the depth of a value, and the total number of its members and items.

    Levels below `deepest + 1` are not counted.
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
    """Return an object without empty members: null, an empty string or an empty list."""
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
