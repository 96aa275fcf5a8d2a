"""Slugs: which are taken, and which are or were public."""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    bindparam,
    false,
    func,
    select,
)

from app.content.models import (
    PublicSlugRow,
)
from app.content.store.things import TABLES
from app.kit.session import ReadSession, WriteSession, chunks, filled


def taken_slugs(
    session: ReadSession, type_: str, slugs: Collection[str], *, but_for: str | None = None
) -> set[str]:
    """Return which slugs belong, or once belonged, to another thing of a type."""
    taken: set[str] = set()
    for part in chunks(slugs):
        wanted = filled(part)
        params = {f"slug{number}": slug for number, slug in enumerate(wanted)}
        # Nothing has an empty id.
        params |= {"type": type_, "but_for": but_for or ""}
        rows = session.prepared(_taken(type_, len(wanted)), params)
        taken.update(row.slug for row in rows)
    return taken


@lru_cache
def _taken(type_: str, count: int) -> CompoundSelect[Any]:
    model = TABLES[type_]
    slugs: list[BindParameter[str]] = [bindparam(f"slug{number}") for number in range(count)]
    other: BindParameter[str] = bindparam("but_for")
    now = select(model.slug).where(model.slug.in_(slugs), model.id != other)
    once = select(PublicSlugRow.slug).where(
        PublicSlugRow.type == bindparam("type"),
        PublicSlugRow.slug.in_(slugs),
        PublicSlugRow.id != other,
    )
    return now.union_all(once)


def keep_public_slugs(
    session: WriteSession, type_: str, slugs: Iterable[tuple[str, str]], now: datetime
) -> None:
    """Remember slugs (each with its thing's id) as public, so that nothing else takes them."""
    session.insert_missing(
        PublicSlugRow,
        [{"type": type_, "slug": slug, "id": id_, "since": now} for slug, id_ in slugs],
    )


def public_slugs(session: ReadSession, type_: str, ids: Collection[str]) -> dict[str, list[str]]:
    """Return the slugs under which things are or were public, in order, by id."""
    found: dict[str, list[str]] = {}
    for part in chunks(list(ids)):
        # Said so that no index has it: the one of ids is to be taken.
        of_type = func.coalesce(PublicSlugRow.type == type_, false())
        statement = (
            select(PublicSlugRow.id, PublicSlugRow.slug)
            .where(of_type, PublicSlugRow.id.in_(part))
            .order_by(PublicSlugRow.slug)
        )
        for row in session.all(statement):
            found.setdefault(row.id, []).append(row.slug)
    return found


def slug_now(session: ReadSession, type_: str, slug: str) -> str | None:
    """Return the slug that the thing has now to which a public slug once led."""
    model = TABLES[type_]
    statement = (
        select(model.slug)
        .join(PublicSlugRow, PublicSlugRow.id == model.id)
        .where(PublicSlugRow.type == type_, PublicSlugRow.slug == slug)
    )
    found: str | None = session.scalar(statement)
    return found
