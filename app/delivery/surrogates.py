"""Surrogate keys: what an answer shows, and what a change makes outdated; one rule for both.

An answer is outdated by a change if one of its keys is among those of the change. The response
cache and whoever tells a CDN go by it.
"""

from collections.abc import Iterable
from typing import Any

from app.kit.session import Record

# Every answer of the delivery side shows this.
EVERYTHING = "all"
# Lists of stories: any story may appear in them, move, or go.
LISTS = "stories"
# What does not exist, or stands elsewhere now: any change of a story may change that.
ABSENT = "absent"


def story_keys(id_: str, group: str) -> tuple[str, ...]:
    """Return what a story shows: itself, and the translations of its group."""
    return f"story:{id_}", f"group:{group}"


def outdated(rows: Iterable[Record]) -> tuple[str, ...]:
    """Return the keys of all that rows of the log make outdated, each once.

    Sources and categories are shown everywhere, so a change to one of them is a change to all.
    """
    keys: dict[str, None] = {}
    for row in rows:
        if row.type != "article":
            return (EVERYTHING,)
        keys |= dict.fromkeys((LISTS, ABSENT, f"story:{row.id}", *_groups(row)))
    return tuple(keys)


def _groups(row: Record) -> Iterable[str]:
    for attributes in (row.before, row.after):
        found: list[Any] = attributes.get("group", []) if attributes else []
        yield from (f"group:{one}" for one in found)
