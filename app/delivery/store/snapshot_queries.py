"""SQL of snapshots, for log followers: log rows, and documents by id or newest first."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    LargeBinary,
    Select,
    Text,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.access.entitlement import Entitlement
from app.delivery.access_shape import AccessShape, bind_access, shape_access
from app.delivery.models import Document, DocumentBody, DocumentTerm, LogRow
from app.delivery.store.visibility import is_visible, now_parameter
from app.delivery.story_query import ListPosition
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Statement

_documents = table_of(Document)
_bodies = table_of(DocumentBody)
_log = table_of(LogRow)


class ChangedThing(NamedTuple):
    """What a log row is about, and its position."""

    serial: int
    mark: int
    type: str
    id: str


class TextRow(NamedTuple):
    """A document with all that a search index needs; times are numbers.

    `labels` are folded, with line ends between them, or None if there are none.
    """

    id: str
    slug: str
    source_id: str | None
    language: str
    kind: str
    translation_group: str
    category_ids: str
    published_at: int
    updated_at: int
    head: bytes
    tail: bytes
    body: bytes
    labels: str | None


class ExcerptRow(NamedTuple):
    """A document with a part of its body."""

    id: str
    language: str
    head: bytes
    text: bytes | None


def load_changes(session: ReadSession, start: int, limit: int) -> list[ChangedThing]:
    """Return log rows from a serial on, oldest first."""
    return session.all(_CHANGES, {"start": start, "limit": limit})


def find_unlogged(
    session: ReadSession, now: datetime, limit: int, *, embargoed: bool
) -> dict[str, int]:
    """Return the versions of documents that came out or expired without a log row yet, by id.

    For readers with embargo access, a document came out when it was offered.
    """
    statement = _UNLOGGED_EMBARGOED if embargoed else _UNLOGGED
    return dict(session.all(statement, {"now": now, "limit": limit}))


def load_texts(
    session: ReadSession, ids: Sequence[str], now: datetime, entitlement: Entitlement
) -> list[TextRow]:
    """Return the visible documents with these ids and their text for a search index."""
    statement = _texts_statement(shape_access(entitlement))
    return session.find(statement, ids, now=now, **bind_access(entitlement))


def load_excerpts(
    session: ReadSession,
    ids: Sequence[str],
    now: datetime,
    cut: tuple[bytes, int],
    entitlement: Entitlement,
) -> list[ExcerptRow]:
    """Return the visible documents with these ids, and a part of their bodies as `text`.

    The part begins where the bytes `cut[0]` first occur, and has `cut[1]` bytes.
    """
    statement = _excerpts_statement(session.dialect, shape_access(entitlement))
    cuts = {"cut_at": cut[0], "cut_length": cut[1]}
    return session.find(statement, ids, now=now, **cuts, **bind_access(entitlement))


def load_released_texts(session: ReadSession, ids: Sequence[str]) -> list[TextRow]:
    """Return the released documents with these ids, even if they have expired."""
    return session.find(_RELEASED_TEXTS, ids)


def load_texts_before(
    session: ReadSession, place: ListPosition | None, limit: int
) -> list[TextRow]:
    """Return released documents after a place in the order of the newest first."""
    if place is None:
        return session.all(_NEWEST, {"limit": limit})
    return session.all(_OLDER, {"limit": limit, "place": place[0], "place_id": place[1]})


def load_texts_of_source(
    session: ReadSession, source_id: str, after: str, limit: int
) -> list[TextRow]:
    """Return released documents of a source after an id, in the order of ids."""
    return session.all(_OF_SOURCE, {"source_id": source_id, "after": after, "limit": limit})


def find_visible_ids(
    session: ReadSession, ids: Sequence[str], now: datetime, entitlement: Entitlement
) -> set[str]:
    """Return the visible ones of some ids."""
    statement = _visible_statement(shape_access(entitlement))
    return {id_ for (id_,) in session.find(statement, ids, now=now, **bind_access(entitlement))}


def count_visible(session: ReadSession, now: datetime) -> int:
    """Count the visible documents."""
    count: int = session.scalar(_COUNT, {"now": now})
    return count


@lru_cache(maxsize=4)
def _excerpts_statement(dialect: str, access: AccessShape) -> Statement[ExcerptRow]:
    place = func.instr if dialect == "sqlite" else func.pg_catalog.position
    begins = place(_bodies.c.body, bindparam("cut_at", type_=LargeBinary))
    text = func.substr(_bodies.c.body, begins, bindparam("cut_length", type_=Integer))
    columns = (_documents.c.id, _documents.c.language, _documents.c.head, text.label("text"))
    return Statement(
        select(*columns)
        .select_from(_documents.join(_bodies, _bodies.c.id == _documents.c.id))
        .where(_are_listed, is_visible(access=access)),
        ExcerptRow,
    )


class _JoinedLines(FunctionElement[str]):
    """The values of a column in one text, with line ends between them."""

    type = Text()
    inherit_cache = True


@compiles(_JoinedLines, "sqlite")
def _compile_for_sqlite(element: _JoinedLines, compiler: SQLCompiler, **options: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **options)}, char(10))"


@compiles(_JoinedLines, "postgresql")
def _compile_for_postgresql(element: _JoinedLines, compiler: SQLCompiler, **options: Any) -> str:
    return f"string_agg({compiler.process(element.clauses, **options)}, chr(10))"


_terms = table_of(DocumentTerm)
_LABELS = (
    select(_JoinedLines(_terms.c.value))
    .where(_terms.c.id == _documents.c.id, _terms.c.field == literal_column("'label'"))
    .scalar_subquery()
)


def _select_texts() -> Select[Any]:
    names = ("id", "slug", "source_id", "language", "kind", "translation_group", "category_ids")
    columns: list[ColumnElement[Any]] = [_documents.c[name] for name in names]
    columns += [_micros("published_at"), _micros("updated_at")]
    columns += [_documents.c.head, _documents.c.tail, _bodies.c.body, _LABELS.label("labels")]
    return select(*columns).select_from(_documents.join(_bodies, _bodies.c.id == _documents.c.id))


@lru_cache(maxsize=4)
def _visible_statement(access: AccessShape) -> Statement[tuple[str]]:
    return Statement(select(_documents.c.id).where(_are_listed, is_visible(access=access)))


@lru_cache(maxsize=4)
def _texts_statement(access: AccessShape) -> Statement[TextRow]:
    return Statement(_select_texts().where(_are_listed, is_visible(access=access)), TextRow)


def _micros(name: str) -> ColumnElement[Any]:
    return type_coerce(_documents.c[name], BigInteger).label(name)


_are_listed = is_listed(_documents.c.id)
_ORDER = tuple_(type_coerce(_documents.c.published_at, BigInteger), _documents.c.id)
_AFTER = tuple_(bindparam("place", type_=BigInteger), bindparam("place_id"))
# `coalesce` hides the column from its index, which has half of all stories.
_IS_OUT = func.coalesce(_documents.c.released, False).is_(True)
_RELEASED_TEXTS = Statement(_select_texts().where(_are_listed, _IS_OUT), TextRow)
_newest_rows = (
    _select_texts()
    .where(_IS_OUT)
    .order_by(_documents.c.published_at.desc(), _documents.c.id.desc())
    .limit(bindparam("limit"))
)
_NEWEST = Statement(_newest_rows, TextRow)
_OLDER = Statement(_newest_rows.where(_ORDER < _AFTER), TextRow)
_OF_SOURCE = Statement(
    _select_texts()
    .where(
        # The planner cannot estimate this condition, so it reads in the order of ids.
        func.coalesce(_documents.c.source_id == bindparam("source_id"), false()),
        _documents.c.id > bindparam("after"),
        _IS_OUT,
    )
    .order_by(_documents.c.id)
    .limit(bindparam("limit")),
    TextRow,
)
_CHANGES = Statement(
    select(*(_log.c[name] for name in ChangedThing._fields))
    .where(_log.c.serial >= bindparam("start", type_=BigInteger))
    .order_by(_log.c.serial)
    .limit(bindparam("limit")),
    ChangedThing,
)


def _build_unlogged_statement(opened: ColumnElement[bool]) -> Statement[tuple[str, int]]:
    changed = or_((~_documents.c.released) & opened, _documents.c.expires_at <= now_parameter())
    columns = select(_documents.c.id, _documents.c.version)
    return Statement(columns.where(changed).limit(bindparam("limit")))


_UNLOGGED = _build_unlogged_statement(_documents.c.published_at <= now_parameter())
_UNLOGGED_EMBARGOED = _build_unlogged_statement(is_visible(access=AccessShape(embargoed=True)))
_COUNT: Statement[tuple[int]] = Statement(
    select(func.count()).select_from(_documents).where(is_visible())
)
