"""What stands where public stories were."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, bindparam, exists, select

from app.content.models import ArticleRow
from app.delivery.models import Withdrawn
from app.kit.schema import table_of
from app.kit.session import ReadSession, Record, WriteSession, chunks, filled
from app.kit.statement import Statement

# The answer of a story that was taken back quietly, and that some have seen all the same.
NOT_FOUND = "not_found"

_withdrawn = table_of(Withdrawn)
_STANDING: Statement[Any] = Statement(
    select(
        _withdrawn.c.answer, _withdrawn.c.notice, _withdrawn.c.redirect_to, _withdrawn.c.embargoed
    ).where(_withdrawn.c.id == bindparam("id"))
)


def standing(session: ReadSession, id_: str, *, embargoed: bool) -> Record | None:
    """Return what stands where a story was, for readers who could have seen it."""
    found: Record | None = session.first(_STANDING, {"id": id_})
    return None if found is None or (found.embargoed and not embargoed) else found


def tombstones(session: ReadSession, ids: Collection[str]) -> dict[str, Record]:
    """Return what stands where stories were, by id."""
    found: dict[str, Record] = {}
    for part in chunks(ids):
        named = filled(part)
        params = {f"id{number}": id_ for number, id_ in enumerate(named)}
        found.update((row.id, row) for row in session.all(_stones(len(named)), params))
    return found


@lru_cache
def _stones(count: int) -> Statement[Any]:
    ids: list[BindParameter[str]] = [bindparam(f"id{number}") for number in range(count)]
    return Statement(select(_withdrawn).where(_withdrawn.c.id.in_(ids)))


def stray_tombstones(session: ReadSession) -> list[str]:
    """Return the ids of tombstones that no article stands behind."""
    statement = select(_withdrawn.c.id).where(~exists().where(ArticleRow.id == _withdrawn.c.id))
    return [row.id for row in session.all(statement)]


def replace_tombstones(
    session: WriteSession, ids: Collection[str], rows: Sequence[dict[str, Any]]
) -> None:
    """Take away what stands where these stories were, and write down what stands there now."""
    session.delete(Withdrawn.id, ids)
    session.insert(Withdrawn, rows)
