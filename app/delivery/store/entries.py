"""Sources and categories as finished entries, and where former slugs lead."""

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, bindparam, delete, insert, select

from app.delivery.models import (
    Entry,
    Redirect,
)
from app.kit.schema import table_of
from app.kit.session import ReadSession, Record, WriteSession, chunks, filled
from app.kit.statement import Statement


def entry(session: ReadSession, type_: str, id_: str) -> Record | None:
    """Return a source or category as it is public now."""
    return session.first(select(table_of(Entry)).where(Entry.type == type_, Entry.id == id_))


def replace_entry(session: WriteSession, row: dict[str, Any]) -> None:
    """Write a source or category whole."""
    remove_entry(session, row["type"], row["id"])
    session.execute(insert(Entry), row)


def remove_entry(session: WriteSession, type_: str, id_: str) -> None:
    """Take a source or category away."""
    session.execute(delete(Entry).where(Entry.type == type_, Entry.id == id_))


def entries(session: ReadSession) -> Sequence[Record]:
    """Return all sources and categories."""
    return session.all(select(table_of(Entry)))


def category_parents(session: ReadSession, ids: Collection[str]) -> dict[str, str | None]:
    """Return the parent of each of these categories and of all above them, by id."""
    found: dict[str, str | None] = {}
    for part in chunks(ids):
        named = filled(part)
        params = {f"id{number}": id_ for number, id_ in enumerate(named)}
        found.update((row.id, row.parent_id) for row in session.all(_above(len(named)), params))
    return found


@lru_cache
def _above(count: int) -> Statement[Any]:
    ids: list[BindParameter[str]] = [bindparam(f"id{number}") for number in range(count)]
    categories = select(Entry.id, Entry.parent_id).where(Entry.type == "category")
    tree = categories.where(Entry.id.in_(ids)).cte("tree", recursive=True)
    # UNION, not UNION ALL: a cycle, should one ever be there, must not run for ever.
    tree = tree.union(categories.where(Entry.id == tree.c.parent_id))
    return Statement(select(tree.c.id, tree.c.parent_id))


def add_redirects(session: WriteSession, rows: Sequence[dict[str, Any]]) -> None:
    """Remember former slugs."""
    session.insert_missing(Redirect, rows)


def drop_redirects(session: WriteSession, type_: str, slugs: Collection[str]) -> None:
    """Forget former slugs that are in use again."""
    for part in chunks(slugs):
        named = filled(part)
        params = {f"slug{number}": slug for number, slug in enumerate(named)}
        session.execute(_drop(len(named)), params | {"type": type_})


@lru_cache
def _drop(count: int) -> Statement[Any]:
    slugs: list[BindParameter[str]] = [bindparam(f"slug{number}") for number in range(count)]
    return Statement(
        delete(Redirect).where(Redirect.type == bindparam("type"), Redirect.slug.in_(slugs))
    )


def redirects(session: ReadSession) -> Sequence[Record]:
    """Return the former slugs of sources and categories."""
    return session.all(select(table_of(Redirect)).where(Redirect.type != "article"))
