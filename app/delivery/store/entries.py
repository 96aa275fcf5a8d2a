"""SQL for rendered sources and categories, and for redirects from former slugs."""

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple

from sqlalchemy import bindparam, delete, select

from app.delivery.models import Redirect, TaxonomyRecord
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Nothing, Query, Statement

EntryType = Literal["source", "category"]


class EntryRow(NamedTuple):
    """A source or category, rendered: `brief` for use inside stories, `whole` as served itself."""

    type: EntryType
    id: str
    slug: str
    name: str
    parent_id: str | None
    brief: bytes
    whole: bytes


class RedirectRow(NamedTuple):
    """A former slug, and the id of what it leads to."""

    type: EntryType | Literal["article"]
    slug: str
    id: str


def load_entry(session: ReadSession, type_: str, id_: str) -> EntryRow | None:
    """Return the public entry of a source or category."""
    statement = select(table_of(TaxonomyRecord)).where(
        TaxonomyRecord.type == type_, TaxonomyRecord.id == id_
    )
    return session.first(Query(statement, EntryRow))


def replace_entry(session: WriteSession, row: EntryRow) -> None:
    """Replace a source or category."""
    delete_entry(session, row.type, row.id)
    session.insert(TaxonomyRecord, [row])


def delete_entry(session: WriteSession, type_: str, id_: str) -> None:
    """Delete a source or category."""
    session.execute(
        delete(TaxonomyRecord).where(TaxonomyRecord.type == type_, TaxonomyRecord.id == id_)
    )


def load_entries(session: ReadSession) -> list[EntryRow]:
    """Return all sources and categories."""
    return session.all(Query(select(table_of(TaxonomyRecord)), EntryRow))


def add_ancestors(session: ReadSession, groups: Collection[list[str]]) -> list[list[str]]:
    """Return each list of categories with the ancestors of its members."""
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
    """Insert redirects from former slugs."""
    session.insert(Redirect, rows, "missing")


def delete_redirects(session: WriteSession, type_: str, slugs: Collection[str]) -> None:
    """Delete redirects from slugs that are in use again."""
    if slugs:
        session.execute(_DROP, {"type": type_, "values": slugs})


def delete_redirects_to(session: WriteSession, type_: str, ids: Collection[str]) -> None:
    """Delete the redirects that lead to these ids."""
    if ids:
        its = is_listed(Redirect.id, values=ids)
        session.execute(delete(Redirect).where(Redirect.type == type_, its))


def load_redirects(session: ReadSession) -> list[RedirectRow]:
    """Return the former slugs of sources and categories."""
    statement = select(table_of(Redirect)).where(Redirect.type != "article")
    return session.all(Query(statement, RedirectRow))


_categories = select(TaxonomyRecord.id, TaxonomyRecord.parent_id).where(
    TaxonomyRecord.type == "category"
)
_named = _categories.where(is_listed(TaxonomyRecord.id)).cte("tree", recursive=True)
# UNION, not UNION ALL, so that a cycle in the data ends the recursion.
_tree = _named.union(_categories.where(TaxonomyRecord.id == _named.c.parent_id))
_ABOVE: Statement[tuple[str, str | None]] = Statement(select(_tree.c.id, _tree.c.parent_id))
_DROP: Statement[Nothing] = Statement(
    delete(Redirect).where(Redirect.type == bindparam("type"), is_listed(Redirect.slug))
)
