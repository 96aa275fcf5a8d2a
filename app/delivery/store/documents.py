"""SQL to write, remove and load documents, their bodies and their terms."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import String, bindparam, exists, func, select, text, update

from app.access.selection import SelectionFields
from app.content.models import ArticleRow
from app.delivery.models import Document, DocumentBody, DocumentTerm
from app.delivery.rendering import SINGLE_FIELDS, Term
from app.delivery.store.embargo_log import LOCKED_ARTICLES
from app.kit.clock import format_instant
from app.kit.sql.list_parameters import ListOf, is_listed
from app.kit.sql.schema import Instant, table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Nothing, Statement


class DocumentRow(NamedTuple):
    """A document without its body and its terms."""

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
    """The body of a document, or `None` if the row is missing."""

    id: str
    body: bytes | None


class StoryTerms(NamedTuple):
    """The terms of a document, with the time that orders them."""

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
        """Return the terms in the form in which they are written."""
        return StoryTerms(self.document.id, self.document.published_at, self.terms)


class OwnCategories(NamedTuple):
    """The own categories of a document (ids with commas), and its publication time."""

    id: str
    category_ids: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of a document (`values`, as the log has them), and its state.

    `terms` are all its terms, pairs included.
    """

    slug: str
    version: int
    released: bool
    offered_at: datetime
    published_at: datetime
    values: SelectionFields
    terms: set[Term] = field(default_factory=set)

    def add(self, name: str | None, value: str) -> None:
        """Add a term; a damaged document may have none."""
        if name is not None:
            self.terms.add((name, value))
            if name in SINGLE_FIELDS:
                self.values[name].append(value)

    def is_public(self, now: datetime) -> bool:
        """Tell whether the document is, or was, public."""
        return self.released or self.published_at <= now

    def is_offered(self, now: datetime) -> bool:
        """Tell whether readers with embargo access could have read the document."""
        return self.is_public(now) or self.offered_at <= now


class _AttributeRow(NamedTuple):
    """A term of a document (`None` if it is damaged) with columns of the document."""

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
    """Insert new documents."""
    rows, bodies, terms = [], [], []
    for whole in documents:
        rows.append(whole.document)
        bodies.append(BodyRow(whole.document.id, whole.body))
        terms.append(whole.story_terms())
    session.insert(Document, rows)
    session.insert(DocumentBody, bodies)
    _insert_terms(session, terms)


def replace_document(session: WriteSession, whole: WholeDocument, *, with_terms: bool) -> None:
    """Replace an existing document in place; without terms, it keeps those it has."""
    id_ = whole.document.id
    session.insert(Document, [whole.document], "whole")
    session.insert(DocumentBody, [BodyRow(id_, whole.body)], "changed")
    if with_terms:
        replace_terms(session, [whole.story_terms()])


def delete_documents(session: WriteSession, ids: Collection[str]) -> None:
    """Delete documents with their bodies and terms."""
    session.delete(Document.id, ids)


def count_uses_of_entry(session: ReadSession, type_: str, id_: str) -> int:
    """Count the documents that use a source or category."""
    found = select(func.count()).where(DocumentTerm.field == type_, DocumentTerm.value == id_)
    count: int = session.scalar(found)
    return count


def load_attributes(session: ReadSession, ids: Collection[str]) -> dict[str, Attributes]:
    """Return the attributes of existing documents, by id."""
    found: dict[str, Attributes] = {}
    for row in session.find(_ATTRIBUTES, ids):
        if row.id not in found:
            found[row.id] = _start_attributes(row)
        found[row.id].add(row.field, row.value)
    return found


def load_groups(session: ReadSession, groups: Collection[str]) -> dict[str, Attributes]:
    """Return the attributes of all documents of these groups, by id."""
    return load_attributes(session, [id_ for (id_,) in session.find(_OF_GROUPS, groups)])


def find_released_in_groups(session: ReadSession, groups: Collection[str]) -> list[str]:
    """Return the ids of the released documents of these groups, in a stable order."""
    return sorted(id_ for (id_,) in session.find(_RELEASED, groups))


# `coalesce` hides the column from its index, which has half of all stories.
_is_out = func.coalesce(Document.released, False).is_(True)
_OF_GROUPS: Statement[tuple[str]] = Statement(
    select(Document.id).where(is_listed(Document.translation_group))
)
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


def _start_attributes(row: _AttributeRow) -> Attributes:
    values: dict[str, list[str]] = {name: [] for name in SINGLE_FIELDS}
    facts = SelectionFields(
        **cast(SelectionFields, values | {"id": [row.id], "group": [row.translation_group]}),
        published_at=format_instant(row.published_at),
        updated_at=format_instant(row.updated_at),
    )
    return Attributes(row.slug, row.version, row.released, row.offered_at, row.published_at, facts)


def load_documents(session: ReadSession, ids: Collection[str]) -> dict[str, WholeDocument]:
    """Return documents with their bodies and terms, by id."""
    bodies = dict(session.find(_BODIES, ids))
    found = {
        row.id: WholeDocument(row, bodies.get(row.id), set()) for row in session.find(_WHOLE, ids)
    }
    for id_, name, value in session.find(_TERMS, ids):
        if id_ in found:
            found[id_].terms.add((name, value))
    return found


def find_orphan_documents(session: ReadSession) -> list[str]:
    """Return the ids of documents without an article."""
    return session.scalars(select(Document.id).where(~exists().where(ArticleRow.id == Document.id)))


def lock_due_documents(session: ReadSession, now: datetime, limit: int) -> list[str]:
    """Return and lock documents that are due and not released yet.

    Articles are locked before documents, in the same order as commands lock them.
    """
    due = (
        select(Document.id)
        .where(Document.released.is_(False), Document.published_at <= now)
        .order_by(Document.published_at, Document.id)
    )
    ids = session.scalars(due.limit(limit))
    session.find(LOCKED_ARTICLES, ids)
    return session.scalars(due.where(is_listed(Document.id, values=ids)).with_for_update())


def lock_expired_documents(session: ReadSession, now: datetime, limit: int) -> list[str]:
    """Return and lock documents that have expired."""
    statement = (
        select(Document.id)
        .where(Document.expires_at <= now)
        .order_by(Document.expires_at, Document.id)
        .limit(limit)
    )
    return session.scalars(statement.with_for_update())


def release_documents(session: WriteSession, ids: Collection[str]) -> None:
    """Mark documents and their articles as released.

    A clock that is set back does not hide them again, and commands do not treat them as scheduled.
    """
    for model in (ArticleRow, Document) if ids else ():
        session.execute(update(model).where(is_listed(model.id, values=ids)).values(released=True))


def find_documents_in_category(
    session: ReadSession, category_id: str, limit_ids: int
) -> Iterator[list[str]]:
    """Yield the ids of the documents in a category or below it, in batches."""
    statement = select(DocumentTerm.id).where(
        DocumentTerm.field == "category", DocumentTerm.value == category_id
    )
    ids = session.scalars(statement)
    for start in range(0, len(ids), limit_ids):
        yield ids[start : start + limit_ids]


def load_own_categories(session: ReadSession, ids: Collection[str]) -> list[OwnCategories]:
    """Return the own categories of documents, with their publication times."""
    return session.find(_OWN_CATEGORIES, ids)


_OWN_CATEGORIES = Statement(
    select(*(_documents.c[name] for name in OwnCategories._fields)).where(
        is_listed(_documents.c.id)
    ),
    OwnCategories,
)


def replace_terms(session: WriteSession, stories: Sequence[StoryTerms]) -> None:
    """Replace the terms of documents."""
    session.delete(DocumentTerm.id, [story.id for story in stories])
    _insert_terms(session, stories)


def _insert_terms(session: WriteSession, stories: Sequence[StoryTerms]) -> None:
    """Insert terms, with one statement for each document.

    A story has about thirty terms. Separate parameters for each would cost more than the rows.
    """
    rows: list[dict[str, Any]] = []
    for id_, published_at, terms in stories:
        values = list(map(" ".join, terms))
        rows.append({"id": id_, "published_at": published_at, "terms": values})
    session.execute(_INSERT_TERMS[session.dialect], rows)


def _build_term_insert(each: str, field: str, value: str) -> Statement[Nothing]:
    """Build the statement that inserts a list of terms, each a text; no field has a space."""
    # `each`, `field` and `value` are SQL of this module; values from callers are bound.
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
    "sqlite": _build_term_insert(
        "json_each(:terms)",
        "substr(value, 1, instr(value, ' ') - 1)",
        "substr(value, instr(value, ' ') + 1)",
    ),
    "postgresql": _build_term_insert(
        "unnest(CAST(:terms AS text[])) AS term",
        "split_part(term, ' ', 1)",
        "substr(term, strpos(term, ' ') + 1)",
    ),
}
