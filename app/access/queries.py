"""Queries about keys, for administrators."""

from typing import Any

from app.access import store
from app.access.errors import KeyNotFound
from app.access.keys import describe
from app.kit.quoting import quote_text
from app.kit.sql.session import ReadSession
from app.kit.view_page import ViewPage, build_view_page


def load_key(session: ReadSession, ref: str) -> dict[str, Any]:
    """Return the view of a key, by id or prefix."""
    row = store.find_key(session, ref)
    if row is None:
        raise KeyNotFound(f"There is no key with the id or prefix {quote_text(ref)}.")
    return describe(row)


def load_key_page(
    session: ReadSession, limit: int, position: str | None, *, backwards: bool
) -> ViewPage:
    """Return a page of keys, oldest first."""
    if backwards and position is not None:
        rows = store.list_keys_before(session, position, limit + 1)
    else:
        rows = store.list_keys_after(session, position, limit + 1)
    return build_view_page(
        rows,
        limit,
        lambda kept: [describe(row) for row in kept],
        lambda row: (row.id,),
        placed=position is not None,
        backwards=backwards,
    )
