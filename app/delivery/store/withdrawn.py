"""What stands where public stories were."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, exists, select

from app.access.selection import SelectionFields
from app.content.models import ArticleRow
from app.delivery.models import Withdrawn
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Statement

# The answer of a story that was taken back quietly, and that some have seen all the same.
NOT_FOUND = "not_found"


class Stone(NamedTuple):
    """What stands where a story was."""

    id: str
    at: datetime
    answer: str
    notice: str | None
    redirect_to: str | None
    embargoed: bool
    attributes: SelectionFields


_withdrawn = table_of(Withdrawn)
_STANDING = Statement(select(_withdrawn).where(_withdrawn.c.id == bindparam("id")), Stone)
_STONES = Statement(select(_withdrawn).where(is_listed(_withdrawn.c.id)), Stone)


def standing(session: ReadSession, id_: str, *, embargoed: bool) -> Stone | None:
    """Return what stands where a story was, for readers who could have seen it."""
    found = session.first(_STANDING, {"id": id_})
    return None if found is None or (found.embargoed and not embargoed) else found


def tombstones(session: ReadSession, ids: Collection[str]) -> dict[str, Stone]:
    """Return what stands where stories were, by id."""
    return {row.id: row for row in session.find(_STONES, ids)}


def stray_tombstones(session: ReadSession) -> list[str]:
    """Return the ids of tombstones that no article stands behind."""
    return session.scalars(
        select(Withdrawn.id).where(~exists().where(ArticleRow.id == Withdrawn.id))
    )


def replace_tombstones(
    session: WriteSession, ids: Collection[str], stones: Sequence[Stone]
) -> None:
    """Take away what stands where these stories were, and write down what stands there now."""
    session.delete(Withdrawn.id, ids)
    session.insert(Withdrawn, stones)
