"""SQL for slugs: which are taken, and which are or were public."""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, bindparam, delete, false, func, select

from app.content.models import (
    PublicSlugRow,
)
from app.content.store.references import TABLES
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Statement


class _PublicSlug(NamedTuple):
    """A slug that is or was public, and the id that it belongs to."""

    type: str
    slug: str
    id: str
    since: datetime


def find_taken_slugs(
    session: ReadSession, type_: str, slugs: Collection[str], *, but_for: str | None = None
) -> set[str]:
    """Return the slugs that belong, or belonged, to another article, source or category."""
    # No row has an empty id.
    found = session.find(_build_taken_statement(type_), slugs, type=type_, but_for=but_for or "")
    return set(chain.from_iterable(found))


@lru_cache
def _build_taken_statement(type_: str) -> Statement[tuple[str]]:
    model: Any = TABLES[type_]
    other: BindParameter[str] = bindparam("but_for")
    now = select(model.slug).where(is_listed(model.slug), model.id != other)
    once = select(PublicSlugRow.slug).where(
        PublicSlugRow.type == bindparam("type"),
        is_listed(PublicSlugRow.slug),
        PublicSlugRow.id != other,
    )
    return Statement(now.union_all(once))


def keep_public_slugs(
    session: WriteSession, type_: str, slugs: Iterable[tuple[str, str]], now: datetime
) -> None:
    """Store slugs (each with its id) as public, so that they are never reused."""
    rows: list[_PublicSlug] = []
    for slug, id_ in slugs:
        rows.append(_PublicSlug(type_, slug, id_, now))
    session.insert(PublicSlugRow, rows, "missing")


def delete_public_slugs(session: WriteSession, type_: str, id_: str) -> None:
    """Delete the public slugs of an id; others may use them then."""
    statement = delete(PublicSlugRow).where(PublicSlugRow.type == type_, PublicSlugRow.id == id_)
    session.execute(statement)


def load_public_slugs(
    session: ReadSession, type_: str, ids: Collection[str]
) -> dict[str, list[str]]:
    """Return the current and former public slugs by id, sorted."""
    found: dict[str, list[str]] = {}
    for id_, slug in session.find(_PUBLIC_SLUGS, ids, type=type_):
        found.setdefault(id_, []).append(slug)
    return found


_PUBLIC_SLUGS: Statement[tuple[str, str]] = Statement(
    select(PublicSlugRow.id, PublicSlugRow.slug)
    .where(
        # `coalesce` hides the type from its index, so that the index of ids is used.
        func.coalesce(PublicSlugRow.type == bindparam("type"), false()),
        is_listed(PublicSlugRow.id),
    )
    .order_by(PublicSlugRow.slug)
)


def find_current_slug(session: ReadSession, type_: str, slug: str) -> str | None:
    """Return the current slug of what a former public slug belonged to."""
    model = TABLES[type_]
    statement = (
        select(model.slug)
        .join(PublicSlugRow, PublicSlugRow.id == model.id)
        .where(PublicSlugRow.type == type_, PublicSlugRow.slug == slug)
    )
    found: str | None = session.scalar(statement)
    return found
