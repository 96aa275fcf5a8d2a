"""All SQL of the delivery side that writes, and that the log is read with."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from app.delivery.models import (
    Document,
    DocumentBody,
    DocumentTerm,
    Entry,
    LogRow,
    Redirect,
)
from app.kit.clock import format_instant
from app.kit.database import ReadSession, Record, WriteSession

_CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a document is selected by (`values`, as the log keeps them), and where it stands."""

    slug: str
    version: int
    released: bool
    published_at: datetime
    values: dict[str, Any]

    def is_out(self, now: datetime) -> bool:
        """Tell whether readers may have had the document."""
        return self.released or self.published_at <= now


# --- stories ------------------------------------------------------------------------------


def replace_documents(
    session: WriteSession,
    documents: Sequence[dict[str, Any]],
    bodies: Sequence[dict[str, Any]],
    terms: Sequence[dict[str, Any]],
    known: Collection[str],
) -> None:
    """Write documents whole; `known` are the ids among them that are there already."""
    remove_documents(session, known)
    session.execute(insert(Document.__table__), documents)
    session.execute(insert(DocumentBody.__table__), bodies)
    session.execute(insert(DocumentTerm.__table__), terms)


def remove_documents(session: WriteSession, ids: Collection[str]) -> None:
    """Take documents away, with their bodies and terms."""
    for part in _chunks(ids):
        session.execute(delete(DocumentTerm).where(DocumentTerm.id.in_(part)))
        session.execute(delete(DocumentBody).where(DocumentBody.id.in_(part)))
        session.execute(delete(Document).where(Document.id.in_(part)))


def attributes(session: ReadSession, ids: Collection[str]) -> dict[str, Attributes]:
    """Return what documents that are there are selected by, and whether they are out, by id."""
    found: dict[str, Attributes] = {}
    for part in _chunks(ids):
        for row in session.all(_attributes.where(Document.id.in_(part))):
            found[row.id] = _columns(row)
    for part in _chunks(found):
        for row in session.all(_terms.where(DocumentTerm.id.in_(part))):
            found[row.id].values.setdefault(row.field, []).append(row.value)
    return found


_attributes = select(
    Document.id,
    Document.slug,
    Document.version,
    Document.released,
    Document.published_at,
    Document.updated_at,
    Document.source_id,
    Document.kind,
)
_terms = select(DocumentTerm.id, DocumentTerm.field, DocumentTerm.value).order_by(
    DocumentTerm.field, DocumentTerm.value
)


def _columns(row: Record) -> Attributes:
    values: dict[str, Any] = {
        "id": [row.id],
        "category": [],
        "source": [row.source_id] if row.source_id else [],
        "language": [],
        "tag": [],
        "author": [],
        "kind": [row.kind],
        "published_at": format_instant(row.published_at),
        "updated_at": format_instant(row.updated_at),
    }
    return Attributes(row.slug, row.version, row.released, row.published_at, values)


def due_documents(session: ReadSession, now: datetime, limit: int) -> Sequence[Record]:
    """Return documents whose time has come and that the log does not know yet."""
    statement = (
        select(Document.id)
        .where(Document.released.is_(False), Document.published_at <= now)
        .order_by(Document.published_at)
        .limit(limit)
    )
    return session.all(statement.with_for_update())


def expired_documents(session: ReadSession, now: datetime, limit: int) -> Sequence[Record]:
    """Return documents whose time is over and that the log does not know of yet."""
    statement = (
        select(Document.id)
        .where(Document.expires_at <= now)
        .order_by(Document.expires_at)
        .limit(limit)
    )
    return session.all(statement.with_for_update())


def release_documents(session: WriteSession, ids: Collection[str]) -> None:
    """Mark documents as out: a clock that is set back does not hide them again."""
    for part in _chunks(ids):
        session.execute(update(Document).where(Document.id.in_(part)).values(released=True))


def documents_under(session: ReadSession, category_id: str, limit_ids: int) -> Iterator[list[str]]:
    """Yield the ids of the documents in a category or below it, in batches."""
    statement = select(DocumentTerm.id).where(
        DocumentTerm.field == "category", DocumentTerm.value == category_id
    )
    ids = [row.id for row in session.all(statement)]
    for start in range(0, len(ids), limit_ids):
        yield ids[start : start + limit_ids]


def own_categories(session: ReadSession, ids: Collection[str]) -> Sequence[Record]:
    """Return id, own categories (a text of ids) and publication of documents."""
    rows: list[Record] = []
    for part in _chunks(ids):
        statement = select(Document.id, Document.category_ids, Document.published_at)
        rows.extend(session.all(statement.where(Document.id.in_(part))))
    return rows


def replace_category_terms(
    session: WriteSession, ids: Collection[str], terms: Sequence[dict[str, Any]]
) -> None:
    """Write down anew in which categories documents are."""
    for part in _chunks(ids):
        session.execute(
            delete(DocumentTerm).where(DocumentTerm.id.in_(part), DocumentTerm.field == "category")
        )
    session.execute(insert(DocumentTerm.__table__), terms)


# --- sources and categories ---------------------------------------------------------------


def entry(session: ReadSession, type_: str, id_: str) -> Record | None:
    """Return a source or category as it is public now."""
    return session.first(select(Entry.__table__).where(Entry.type == type_, Entry.id == id_))


def replace_entry(session: WriteSession, row: dict[str, Any]) -> None:
    """Write a source or category whole."""
    remove_entry(session, row["type"], row["id"])
    session.execute(insert(Entry), row)


def remove_entry(session: WriteSession, type_: str, id_: str) -> None:
    """Take a source or category away."""
    session.execute(delete(Entry).where(Entry.type == type_, Entry.id == id_))


def entries(session: ReadSession) -> Sequence[Record]:
    """Return all sources and categories."""
    return session.all(select(Entry.__table__))


def category_parents(session: ReadSession, ids: Collection[str]) -> dict[str, str | None]:
    """Return the parent of each of these categories and of all above them, by id."""
    above: dict[str, str | None] = {}
    wanted = set(ids)
    while wanted:
        statement = select(Entry.id, Entry.parent_id).where(
            Entry.type == "category", Entry.id.in_(sorted(wanted))
        )
        found = {row.id: row.parent_id for row in session.all(statement)}
        above.update(found)
        wanted = {parent for parent in found.values() if parent is not None} - above.keys()
    return above


# --- redirects ----------------------------------------------------------------------------


def add_redirects(session: WriteSession, rows: Sequence[dict[str, Any]]) -> None:
    """Remember former slugs."""
    session.insert_missing(Redirect, rows)


def drop_redirects(session: WriteSession, type_: str, slugs: Collection[str]) -> None:
    """Forget former slugs that are in use again."""
    for part in _chunks(slugs):
        session.execute(delete(Redirect).where(Redirect.type == type_, Redirect.slug.in_(part)))


def redirects(session: ReadSession) -> Sequence[Record]:
    """Return the former slugs of sources and categories."""
    return session.all(select(Redirect.__table__).where(Redirect.type != "article"))


def redirect_target(session: ReadSession, slug: str) -> str | None:
    """Return the id of the story that a former slug leads to."""
    statement = select(Redirect.id).where(Redirect.type == "article", Redirect.slug == slug)
    target: str | None = session.scalar(statement)
    return target


# --- the log ------------------------------------------------------------------------------

# The last lock of every writing transaction on PostgreSQL: a sequence there is not commit
# order, and a follower would skip a row that is numbered early and committed late.
LOG_LOCK = "change-log"


def append(session: WriteSession, rows: Sequence[dict[str, Any]]) -> None:
    """Append to the log; nothing may be locked after this."""
    if rows:
        session.lock(LOG_LOCK)
        session.execute(insert(LogRow.__table__), rows)


def log_rows(session: ReadSession, after: int, limit: int) -> Sequence[Record]:
    """Return rows of the log after a serial, oldest first."""
    statement = select(LogRow.__table__).where(LogRow.serial > after)
    return session.all(statement.order_by(LogRow.serial).limit(limit))


def _chunks(values: Collection[str]) -> Iterator[list[str]]:
    listed = list(values)
    for start in range(0, len(listed), _CHUNK):
        yield listed[start : start + _CHUNK]
