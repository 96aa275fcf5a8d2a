"""Sources and categories as finished entries, and where former slugs lead."""

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import bindparam, delete, select

from app.delivery.models import Entry, Redirect
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Nothing, Query, Statement

EntryType = Literal["source", "category"]


class EntryRow(NamedTuple):
    """A source or category, rendered: `brief` as stories show it, `whole` as it is served."""

    type: EntryType
    id: str
    slug: str
    name: str
    parent_id: str | None
    brief: bytes
    whole: bytes


class RedirectRow(NamedTuple):
    """A former slug, and the thing that it leads to."""

    type: EntryType | Literal["article"]
    slug: str
    id: str


def entry(session: ReadSession, type_: str, id_: str) -> EntryRow | None:
    """Return a source or category as it is public now."""
    statement = select(table_of(Entry)).where(Entry.type == type_, Entry.id == id_)
    return session.first(Query(statement, EntryRow))


def replace_entry(session: WriteSession, row: EntryRow) -> None:
    """Write a source or category whole."""
    remove_entry(session, row.type, row.id)
    session.insert(Entry, [row])


def remove_entry(session: WriteSession, type_: str, id_: str) -> None:
    """Take a source or category away."""
    session.execute(delete(Entry).where(Entry.type == type_, Entry.id == id_))


def entries(session: ReadSession) -> list[EntryRow]:
    """Return all sources and categories."""
    return session.all(Query(select(table_of(Entry)), EntryRow))


def with_ancestors(session: ReadSession, groups: Collection[list[str]]) -> list[list[str]]:
    """Return groups of categories, each with all that stand above its own."""
    parents = dict(session.find(_ABOVE, set[str]().union(*groups)))
    found = []
    for categories in groups:
        wide: dict[str, None] = {}
        for category in categories:
            current: str | None = category
            while current is not None and current not in wide:
                wide[current] = None
                current = parents.get(current)
        found.append(list(wide))
    return found


def add_redirects(session: WriteSession, rows: Sequence[RedirectRow]) -> None:
    """Remember former slugs."""
    session.insert(Redirect, rows, "missing")


def drop_redirects(session: WriteSession, type_: str, slugs: Collection[str]) -> None:
    """Forget former slugs that are in use again."""
    if slugs:
        session.execute(_DROP, {"type": type_, "values": slugs})


def drop_redirects_to(session: WriteSession, type_: str, ids: Collection[str]) -> None:
    """Forget the former slugs of things."""
    if ids:
        its = is_listed(Redirect.id, values=ids)
        session.execute(delete(Redirect).where(Redirect.type == type_, its))


def redirects(session: ReadSession) -> list[RedirectRow]:
    """Return the former slugs of sources and categories."""
    statement = select(table_of(Redirect)).where(Redirect.type != "article")
    return session.all(Query(statement, RedirectRow))


_categories = select(Entry.id, Entry.parent_id).where(Entry.type == "category")
_named = _categories.where(is_listed(Entry.id)).cte("tree", recursive=True)
# UNION, not UNION ALL: a cycle, should one ever be there, must not run for ever.
_tree = _named.union(_categories.where(Entry.id == _named.c.parent_id))
_ABOVE: Statement[tuple[str, str | None]] = Statement(select(_tree.c.id, _tree.c.parent_id))
_DROP: Statement[Nothing] = Statement(
    delete(Redirect).where(Redirect.type == bindparam("type"), is_listed(Redirect.slug))
)
