"""Tombstones of withdrawn stories."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, exists, select

from app.access.entitlement import Entitlement
from app.access.granted_history import could_have
from app.access.selection import SelectionFields
from app.content.models import ArticleRow
from app.delivery.models import StoryTombstone
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Statement

# The answer for a story that was withdrawn without notice after some readers had read it.
NOT_FOUND = "not_found"


class TombstoneRow(NamedTuple):
    """The tombstone of a story."""

    id: str
    at: datetime
    answer: str
    notice: str | None
    redirect_to: str | None
    embargoed: bool
    attributes: SelectionFields


_withdrawn = table_of(StoryTombstone)
_STANDING = Statement(select(_withdrawn).where(_withdrawn.c.id == bindparam("id")), TombstoneRow)
_STONES = Statement(select(_withdrawn).where(is_listed(_withdrawn.c.id)), TombstoneRow)


def find_tombstone(
    session: ReadSession, id_: str, *, entitlement: Entitlement
) -> TombstoneRow | None:
    """Return the tombstone of a story, for readers who could have read the story."""
    found = session.first(_STANDING, {"id": id_})
    if found is None:
        return None
    # A copy that has become too old for an archive may still be there, so the depth is ignored.
    is_known = could_have(entitlement, found.attributes, found.at, embargoed=found.embargoed)
    return found if is_known else None


def load_tombstones(session: ReadSession, ids: Collection[str]) -> dict[str, TombstoneRow]:
    """Return the tombstones of stories, by id."""
    return {row.id: row for row in session.find(_STONES, ids)}


def find_orphan_tombstones(session: ReadSession) -> list[str]:
    """Return the ids of tombstones without an article."""
    return session.scalars(
        select(StoryTombstone.id).where(~exists().where(ArticleRow.id == StoryTombstone.id))
    )


def replace_tombstones(
    session: WriteSession, ids: Collection[str], tombstones: Sequence[TombstoneRow]
) -> None:
    """Delete the tombstones of some stories, and insert others."""
    session.delete(StoryTombstone.id, ids)
    session.insert(StoryTombstone, tombstones)
