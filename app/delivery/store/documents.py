"""Stories as finished documents: written whole, taken away whole."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
    bindparam,
    exists,
    func,
    select,
    type_coerce,
    update,
)

from app.content.models import ArticleRow
from app.delivery.models import (
    Document,
    DocumentBody,
    DocumentTerm,
)
from app.delivery.terms import SINGLE, Term
from app.kit.clock import format_instant, from_micros
from app.kit.schema import table_of
from app.kit.session import ReadSession, Record, WriteSession, chunks, filled
from app.kit.statement import Statement


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a document is selected by (`values`, as the log keeps them), and where it stands.

    `terms` are what it is found by now, pairs included.
    """

    slug: str
    version: int
    released: bool
    offered_at: datetime
    published_at: datetime
    values: dict[str, Any]
    terms: set[Term] = field(default_factory=set)

    def add(self, name: str | None, value: str) -> None:
        """Take in a term; a document that is broken may have none."""
        if name is not None:
            self.terms.add((name, value))
            if name in SINGLE:
                self.values[name].append(value)

    def is_out(self, now: datetime) -> bool:
        """Tell whether readers may have had the document."""
        return self.released or self.published_at <= now

    def is_offered(self, now: datetime) -> bool:
        """Tell whether those may have had it who read what is under embargo."""
        return self.is_out(now) or self.offered_at <= now


class _AttributeRow(NamedTuple):
    """A term of a document (or none, where it is broken), and what the document has once."""

    id: str
    slug: str
    version: int
    released: bool
    offered_at: int
    published_at: int
    updated_at: int
    translation_group: str
    field: str | None
    value: str


def replace_documents(
    session: WriteSession,
    documents: Sequence[dict[str, Any]],
    bodies: Sequence[dict[str, Any]],
    terms: Sequence[dict[str, Any]],
    known: Collection[str],
) -> None:
    """Write documents whole; `known` are the ids among them that are there already."""
    remove_documents(session, known)
    session.insert(Document, documents)
    session.insert(DocumentBody, bodies)
    session.insert(DocumentTerm, terms)


def replace_document(
    session: WriteSession,
    document: dict[str, Any],
    body: dict[str, Any],
    terms: Sequence[dict[str, Any]] | None,
) -> None:
    """Replace a document that is there, in its place; without terms, those that it has stay."""
    session.insert_whole(Document, [document])
    session.insert_changed(DocumentBody, [body])
    if terms is not None:
        replace_terms(session, [document["id"]], terms)


def remove_documents(session: WriteSession, ids: Collection[str]) -> None:
    """Take documents away; their bodies and terms go with them."""
    session.delete(Document.id, ids)


def uses_of_entry(session: ReadSession, type_: str, id_: str) -> int:
    """Count the documents that name a source or category."""
    found = select(func.count()).where(DocumentTerm.field == type_, DocumentTerm.value == id_)
    count: int = session.scalar(found)
    return count


def attributes(session: ReadSession, ids: Collection[str]) -> dict[str, Attributes]:
    """Return what documents that are there are selected by, and whether they are out, by id."""
    found: dict[str, Attributes] = {}
    for part in chunks(ids):
        named = filled(part)
        params = {f"id{number}": id_ for number, id_ in enumerate(named)}
        for row in session.all(_attributes_of(len(named)), params):
            if row.id not in found:
                found[row.id] = _columns(row)
            found[row.id].add(row.field, row.value)
    return found


def released_of_groups(session: ReadSession, groups: Collection[str]) -> list[str]:
    """Return the ids of the documents of these groups that are out, in one order."""
    found: list[str] = []
    for part in chunks(groups):
        named = filled(part)
        params = {f"group{number}": group for number, group in enumerate(named)}
        found += [row.id for row in session.all(_released_of(len(named)), params)]
    return sorted(found)


@lru_cache
def _released_of(count: int) -> Statement[Any]:
    groups: list[BindParameter[str]] = [bindparam(f"group{number}") for number in range(count)]
    # Said so that no index can have it: half of all stories are in the one of what is out.
    out = func.coalesce(Document.released, False).is_(True)
    return Statement(select(Document.id).where(Document.translation_group.in_(groups), out))


@lru_cache
def _attributes_of(count: int) -> Statement[_AttributeRow]:
    """Return a row for each term of a document; what they repeat is converted once, elsewhere."""
    ids: list[BindParameter[str]] = [bindparam(f"id{number}") for number in range(count)]
    columns = (
        Document.id,
        Document.slug,
        Document.version,
        Document.released,
        *(type_coerce(one, BigInteger).label(one.key) for one in _INSTANTS),
        Document.translation_group,
        DocumentTerm.field,
        DocumentTerm.value,
    )
    joined = select(*columns).outerjoin(DocumentTerm, DocumentTerm.id == Document.id)
    return Statement(
        joined.where(Document.id.in_(ids)).order_by(DocumentTerm.field, DocumentTerm.value),
        _AttributeRow,
    )


_INSTANTS = (Document.offered_at, Document.published_at, Document.updated_at)
_terms = select(DocumentTerm.id, DocumentTerm.field, DocumentTerm.value).order_by(
    DocumentTerm.field, DocumentTerm.value
)


def _columns(row: _AttributeRow) -> Attributes:
    offered, published, updated = map(
        from_micros, (row.offered_at, row.published_at, row.updated_at)
    )
    values: dict[str, Any] = {
        "id": [row.id],
        **{name: [] for name in SINGLE},
        "group": [row.translation_group],
        "published_at": format_instant(published),
        "updated_at": format_instant(updated),
    }
    return Attributes(row.slug, row.version, row.released, offered, published, values)


def whole_documents(session: ReadSession, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return documents with their bodies and terms, as they were written, by id."""
    documents, bodies = table_of(Document), table_of(DocumentBody)
    joined = documents.outerjoin(bodies, bodies.c.id == documents.c.id)
    found: dict[str, dict[str, Any]] = {}
    for part in chunks(ids):
        statement = select(documents, bodies.c.body).select_from(joined)
        for row in session.all(statement.where(documents.c.id.in_(part))):
            found[row.id] = {**row._asdict(), "terms": set()}
        for row in session.all(_terms.where(DocumentTerm.id.in_(part))):
            if row.id in found:
                found[row.id]["terms"].add((row.field, row.value))
    return found


def stray_documents(session: ReadSession) -> list[str]:
    """Return the ids of documents that no article stands behind."""
    statement = select(Document.id).where(~exists().where(ArticleRow.id == Document.id))
    return [row.id for row in session.all(statement)]


def due_documents(session: ReadSession, now: datetime, limit: int) -> Sequence[Record]:
    """Return documents whose time has come and that the log does not know yet.

    They are locked after their articles, as verbs lock them.
    """
    due = (
        select(Document.id)
        .where(Document.released.is_(False), Document.published_at <= now)
        .order_by(Document.published_at)
    )
    ids = [row.id for row in session.all(due.limit(limit))]
    articles = select(ArticleRow.id).where(ArticleRow.id.in_(ids)).order_by(ArticleRow.id)
    session.all(articles.with_for_update())
    return session.all(due.where(Document.id.in_(ids)).with_for_update())


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
    """Mark documents as out: a clock that is set back does not hide them again.

    The newsroom is to know that, too: no verb then takes them for scheduled.
    """
    for part in chunks(ids):
        session.execute(update(ArticleRow).where(ArticleRow.id.in_(part)).values(released=True))
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
    for part in chunks(ids):
        statement = select(Document.id, Document.category_ids, Document.published_at)
        rows.extend(session.all(statement.where(Document.id.in_(part))))
    return rows


def replace_terms(
    session: WriteSession, ids: Collection[str], terms: Sequence[dict[str, Any]]
) -> None:
    """Write down anew what documents are found by."""
    session.delete(DocumentTerm.id, ids)
    session.insert(DocumentTerm, terms)
