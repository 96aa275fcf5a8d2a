"""Stories as finished documents: written whole, taken away whole."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import String, bindparam, exists, func, select, text, update

from app.access.selection import SelectionFields
from app.content.models import ArticleRow
from app.delivery.models import Document, DocumentBody, DocumentTerm
from app.delivery.store.embargoed import LOCKED_ARTICLES
from app.delivery.terms import SINGLE, Term
from app.kit.clock import format_instant
from app.kit.sql.list_parameters import ListOf, is_listed
from app.kit.sql.schema import Instant, table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Nothing, Statement


class DocumentRow(NamedTuple):
    """A document but for its body and its terms."""

    id: str
    slug: str
    version: int
    released: bool
    offered_at: datetime
    published_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    source_id: str | None
    language: str
    kind: str
    translation_group: str
    category_ids: str
    head: bytes
    tail: bytes
    extra: bytes


class BodyRow(NamedTuple):
    """The body of a document; nothing, where it was lost."""

    id: str
    body: bytes | None


class StoryTerms(NamedTuple):
    """The terms of a document, with the instant by which it stands in their order."""

    id: str
    published_at: datetime
    terms: Collection[Term]


@dataclass(frozen=True, slots=True)
class WholeDocument:
    """A document with its body and its terms."""

    document: DocumentRow
    body: bytes | None
    terms: set[Term]

    def story_terms(self) -> StoryTerms:
        """Return its terms as they are written down."""
        return StoryTerms(self.document.id, self.document.published_at, self.terms)


class OwnCategories(NamedTuple):
    """The own categories of a document (a text of ids), and its publication."""

    id: str
    category_ids: str
    published_at: datetime


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
    values: SelectionFields
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
    offered_at: datetime
    published_at: datetime
    updated_at: datetime
    translation_group: str
    field: str | None
    value: str


def insert_documents(session: WriteSession, documents: Sequence[WholeDocument]) -> None:
    """Add documents that are not there."""
    rows, bodies, terms = [], [], []
    for whole in documents:
        rows.append(whole.document)
        bodies.append(BodyRow(whole.document.id, whole.body))
        terms.append(whole.story_terms())
    session.insert(Document, rows)
    session.insert(DocumentBody, bodies)
    _insert_terms(session, terms)


def replace_document(session: WriteSession, whole: WholeDocument, *, with_terms: bool) -> None:
    """Replace a document that is there, in its place; without terms, those that it has stay."""
    id_ = whole.document.id
    session.insert(Document, [whole.document], "whole")
    session.insert(DocumentBody, [BodyRow(id_, whole.body)], "changed")
    if with_terms:
        replace_terms(session, [whole.story_terms()])


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
    for row in session.find(_ATTRIBUTES, ids):
        if row.id not in found:
            found[row.id] = _columns(row)
        found[row.id].add(row.field, row.value)
    return found


def released_of_groups(session: ReadSession, groups: Collection[str]) -> list[str]:
    """Return the ids of the documents of these groups that are out, in one order."""
    return sorted(id_ for (id_,) in session.find(_RELEASED, groups))


# Said so that no index can have it: half of all stories are in the one of what is out.
_is_out = func.coalesce(Document.released, False).is_(True)
_RELEASED: Statement[tuple[str]] = Statement(
    select(Document.id).where(is_listed(Document.translation_group), _is_out)
)
_documents, _bodies = table_of(Document), table_of(DocumentBody)
_terms = select(DocumentTerm.id, DocumentTerm.field, DocumentTerm.value)
_ATTRIBUTES = Statement(
    select(
        *(_documents.c[name] for name in _AttributeRow._fields[:-2]),
        DocumentTerm.field,
        DocumentTerm.value,
    )
    .outerjoin(DocumentTerm, DocumentTerm.id == Document.id)
    .where(is_listed(Document.id))
    .order_by(DocumentTerm.field, DocumentTerm.value),
    _AttributeRow,
)
_WHOLE = Statement(select(_documents).where(is_listed(_documents.c.id)), DocumentRow)
_BODIES = Statement(select(_bodies).where(is_listed(_bodies.c.id)), BodyRow)
_TERMS: Statement[tuple[str, str, str]] = Statement(_terms.where(is_listed(DocumentTerm.id)))


def _columns(row: _AttributeRow) -> Attributes:
    values: dict[str, list[str]] = {name: [] for name in SINGLE}
    facts = SelectionFields(
        **cast(SelectionFields, values | {"id": [row.id], "group": [row.translation_group]}),
        published_at=format_instant(row.published_at),
        updated_at=format_instant(row.updated_at),
    )
    return Attributes(row.slug, row.version, row.released, row.offered_at, row.published_at, facts)


def whole_documents(session: ReadSession, ids: Collection[str]) -> dict[str, WholeDocument]:
    """Return documents with their bodies and terms, as they were written, by id."""
    bodies = dict(session.find(_BODIES, ids))
    found = {
        row.id: WholeDocument(row, bodies.get(row.id), set()) for row in session.find(_WHOLE, ids)
    }
    for id_, name, value in session.find(_TERMS, ids):
        if id_ in found:
            found[id_].terms.add((name, value))
    return found


def stray_documents(session: ReadSession) -> list[str]:
    """Return the ids of documents that no article stands behind."""
    return session.scalars(select(Document.id).where(~exists().where(ArticleRow.id == Document.id)))


def due_documents(session: ReadSession, now: datetime, limit: int) -> list[str]:
    """Return documents whose time has come and that the log does not know yet.

    They are locked after their articles, as verbs lock them.
    """
    due = (
        select(Document.id)
        .where(Document.released.is_(False), Document.published_at <= now)
        .order_by(Document.published_at, Document.id)
    )
    ids = session.scalars(due.limit(limit))
    session.find(LOCKED_ARTICLES, ids)
    return session.scalars(due.where(is_listed(Document.id, values=ids)).with_for_update())


def expired_documents(session: ReadSession, now: datetime, limit: int) -> list[str]:
    """Return documents whose time is over and that the log does not know of yet."""
    statement = (
        select(Document.id)
        .where(Document.expires_at <= now)
        .order_by(Document.expires_at, Document.id)
        .limit(limit)
    )
    return session.scalars(statement.with_for_update())


def release_documents(session: WriteSession, ids: Collection[str]) -> None:
    """Mark documents as out: a clock that is set back does not hide them again.

    The newsroom is to know that, too: no verb then takes them for scheduled.
    """
    for model in (ArticleRow, Document) if ids else ():
        session.execute(update(model).where(is_listed(model.id, values=ids)).values(released=True))


def documents_under(session: ReadSession, category_id: str, limit_ids: int) -> Iterator[list[str]]:
    """Yield the ids of the documents in a category or below it, in batches."""
    statement = select(DocumentTerm.id).where(
        DocumentTerm.field == "category", DocumentTerm.value == category_id
    )
    ids = session.scalars(statement)
    for start in range(0, len(ids), limit_ids):
        yield ids[start : start + limit_ids]


def own_categories(session: ReadSession, ids: Collection[str]) -> list[OwnCategories]:
    """Return the own categories of documents, and when they were published."""
    return session.find(_OWN_CATEGORIES, ids)


_OWN_CATEGORIES = Statement(
    select(*(_documents.c[name] for name in OwnCategories._fields)).where(
        is_listed(_documents.c.id)
    ),
    OwnCategories,
)


def replace_terms(session: WriteSession, stories: Sequence[StoryTerms]) -> None:
    """Write down anew what documents are found by."""
    session.delete(DocumentTerm.id, [story.id for story in stories])
    _insert_terms(session, stories)


def _insert_terms(session: WriteSession, stories: Sequence[StoryTerms]) -> None:
    """Add the terms of documents that have none, with one statement for each document.

    A story has some thirty, so parameters for each would take longer than the rows.
    """
    rows: list[dict[str, Any]] = []
    for id_, published_at, terms in stories:
        values = list(map(" ".join, terms))
        rows.append({"id": id_, "published_at": published_at, "terms": values})
    session.execute(_INSERT_TERMS[session.dialect], rows)


def _insertion_of_terms(each: str, field: str, value: str) -> Statement[Nothing]:
    """Return what inserts terms, of which a list has each as a text; no field holds a space."""
    # `each`, `field` and `value` are SQL of this module; what callers give is bound.
    inserting = text(
        "INSERT INTO document_terms (field, value, published_at, id) "  # noqa: S608
        f"SELECT {field}, {value}, :published_at, :id FROM {each}"
    )
    return Statement(
        inserting.bindparams(
            bindparam("terms", type_=ListOf(numbers=False)),
            bindparam("published_at", type_=Instant),
            bindparam("id", type_=String),
        )
    )


_INSERT_TERMS = {
    "sqlite": _insertion_of_terms(
        "json_each(:terms)",
        "substr(value, 1, instr(value, ' ') - 1)",
        "substr(value, instr(value, ' ') + 1)",
    ),
    "postgresql": _insertion_of_terms(
        "unnest(CAST(:terms AS text[])) AS term",
        "split_part(term, ' ', 1)",
        "substr(term, strpos(term, ' ') + 1)",
    ),
}
