"""What administrators read about keys."""

from dataclasses import dataclass
from typing import Any

from app.access import store
from app.access.errors import KeyNotFound
from app.access.keys import describe
from app.kit.quoting import quoted
from app.kit.session import ReadSession


@dataclass(frozen=True, slots=True)
class KeyPage:
    """A page of keys, with the ids at its ends where there is more."""

    items: list[dict[str, Any]]
    before: tuple[str] | None
    after: tuple[str] | None


def key(session: ReadSession, ref: str) -> dict[str, Any]:
    """Return a key by id or prefix."""
    row = store.key_by_ref(session, ref)
    if row is None:
        raise KeyNotFound(f"There is no key with the id or prefix {quoted(ref)}.")
    return describe(row)


def keys(session: ReadSession, limit: int, position: str | None, *, backwards: bool) -> KeyPage:
    """Return a page of keys, oldest first."""
    if backwards and position is not None:
        rows = store.keys_before(session, position, limit + 1)
    else:
        rows = store.keys_after(session, position, limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    rows = rows[::-1] if backwards else rows
    has_before = more if backwards else position is not None
    has_after = position is not None if backwards else more
    return KeyPage(
        [describe(row) for row in rows],
        (rows[0].id,) if rows and has_before else None,
        (rows[-1].id,) if rows and has_after else None,
    )
