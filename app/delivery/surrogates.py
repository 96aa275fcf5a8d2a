"""Surrogate keys: what an answer shows, and what a change makes outdated; one rule for both.

An answer is outdated by a change if one of its keys is among those of the change. Whoever tells
a CDN goes by it. So does the response cache, which knows of some lists more closely on what they
hang: most stories that are published do not appear in them.
"""

import hmac
from collections.abc import Iterable, Iterator
from typing import Any

from app.access.selection import Clause, Field, Selection

# Every answer of the delivery side shows this.
EVERYTHING = "all"
# Lists of stories: any story may appear in them, move, or go.
LISTS = "stories"
# What does not exist, or stands elsewhere now: any change of a story may change that.
ABSENT = "absent"
_GROUP_BYTES = 16
_NARROWEST_FIRST: tuple[Field, ...] = (
    "id",
    "author",
    "tag",
    "category",
    "source",
    "language",
    "kind",
)


class Surrogates:
    """The keys of stories, and of what changes of stories make outdated."""

    def __init__(self, secret: str) -> None:
        """Derive from a secret of the deployment what hides the ids of groups."""
        self._secret = hmac.digest(secret.encode(), b"surrogate", "sha256")

    def story_keys(self, id_: str, group: str) -> tuple[str, ...]:
        """Return what a story shows: itself, and the translations of its group."""
        return f"story:{id_}", self._group_key(group)

    def outdated(self, rows: Iterable[Any]) -> tuple[str, ...]:
        """Return the keys of all that rows of the log make outdated, each once.

        Sources and categories are shown everywhere, so a change to one of them is a change to all.
        """
        keys: dict[str, None] = {}
        for row in rows:
            if row.type != "article":
                return (EVERYTHING,)
            groups = map(self._group_key, _groups(row))
            keys |= dict.fromkeys((LISTS, ABSENT, f"story:{row.id}", *groups))
        return tuple(keys)

    def outdated_here(self, rows: Iterable[Any]) -> set[str]:
        """Return the keys of all that rows of the log make outdated, those of `list_keys` too."""
        rows = list(rows)
        keys = set(self.outdated(rows))
        if EVERYTHING in keys:
            return keys
        for row in rows:
            if not _is_known(row):
                # Nothing says in which lists it was.
                return {EVERYTHING}
            keys.update(_appearances(row))
        return keys

    def _group_key(self, group: str) -> str:
        """Return the key of a group of translations.

        A group has the id of its original, which may not be public. A hash without a secret would
        still tell whether a story is its own original.
        """
        return f"group:{hmac.digest(self._secret, group.encode(), 'sha256')[:_GROUP_BYTES].hex()}"


def list_keys(selection: Selection) -> tuple[str, ...]:
    """Return what a list hangs on that shows nothing but fields of the stories selected.

    A story that comes, goes or changes in it has, or had, one of the values of each filter; so
    those of one filter will do.
    """
    chosen: Clause | None = None
    narrowest = (len(_NARROWEST_FIRST), 0)
    for clause in selection.clauses:
        # Roughly how many stories a filter takes in.
        width = (_NARROWEST_FIRST.index(clause.field), len(clause.included))
        if clause.included and width < narrowest:
            chosen, narrowest = clause, width
    if chosen is None:
        return (LISTS,)
    return tuple(map(f"in:{chosen.field}:".__add__, chosen.included))


def _is_known(row: Any) -> bool:
    """Tell whether a row says what the story was selected by; that of an erased story does not."""
    facts = [attributes for attributes in (row.before, row.after) if attributes]
    return bool(facts) and all(field in one for one in facts for field in _NARROWEST_FIRST)


def _appearances(row: Any) -> Iterable[str]:
    """Yield the keys of the lists in which a story appears, or did before a change."""
    for attributes in (row.before, row.after):
        if attributes:
            for field in _NARROWEST_FIRST:
                yield from (f"in:{field}:{value}" for value in attributes[field])


def _groups(row: Any) -> Iterator[str]:
    for attributes in (row.before, row.after):
        if attributes:
            yield from attributes.get("group", ())
