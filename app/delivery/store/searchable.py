"""SQL for what follows the log: its rows, and documents by id or in pages, newest first."""

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
    bindparam,
    false,
    func,
    or_,
    select,
    tuple_,
    type_coerce,
)

from app.delivery.models import Document, DocumentBody, LogRow
from app.delivery.query import Position
from app.delivery.store.visibility import present, visible
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Statement

_documents = table_of(Document)
_bodies = table_of(DocumentBody)
_log = table_of(LogRow)


class Touched(NamedTuple):
    """A row of the log, and what it is about."""

    serial: int
    mark: int
    type: str
    id: str


class TextRow(NamedTuple):
    """A document with all that a search index keeps of it; instants are numbers."""

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


class BeginningRow(NamedTuple):
    """A document with a part of its body."""

    id: str
    language: str
    head: bytes
    text: bytes | None


def changes(session: ReadSession, start: int, limit: int) -> list[Touched]:
    """Return rows of the log from a serial on, that one included, oldest first."""
    return session.all(_CHANGES, {"start": start, "limit": limit})


def untold(session: ReadSession, now: datetime, limit: int, *, embargoed: bool) -> dict[str, int]:
    """Return the documents that time changed before the log heard of it, with their versions.

    For those who read what is under embargo, that changed when it was offered.
    """
    statement = _UNTOLD_EMBARGOED if embargoed else _UNTOLD
    return dict(session.all(statement, {"now": now, "limit": limit}))


def texts(
    session: ReadSession, ids: Sequence[str], now: datetime, *, embargoed: bool
) -> list[TextRow]:
    """Return the visible documents among ids, with all that a search index keeps of them."""
    return session.find(_VISIBLE_TEXTS[embargoed], ids, now=now)


def beginnings(
    session: ReadSession,
    ids: Sequence[str],
    now: datetime,
    cut: tuple[bytes, int],
    *,
    embargoed: bool,
) -> list[BeginningRow]:
    """Return the visible documents among ids with a part of their bodies, as `text`.

    It is where some bytes stand first, and as many bytes from there on as `cut` says.
    """
    statement = _beginnings(session.dialect, embargoed=embargoed)
    return session.find(statement, ids, now=now, cut_at=cut[0], cut_length=cut[1])


def released_texts(session: ReadSession, ids: Sequence[str]) -> list[TextRow]:
    """Return the documents among ids that are out, whether or not their time is over."""
    return session.find(_RELEASED_TEXTS, ids)


def texts_before(session: ReadSession, place: Position | None, limit: int) -> list[TextRow]:
    """Return released documents, newest first, after a place in that order."""
    if place is None:
        return session.all(_NEWEST, {"limit": limit})
    return session.all(_OLDER, {"limit": limit, "place": place[0], "place_id": place[1]})


def texts_of_source(session: ReadSession, source_id: str, after: str, limit: int) -> list[TextRow]:
    """Return released documents of a source in the order of ids, after one of them."""
    return session.all(_OF_SOURCE, {"source_id": source_id, "after": after, "limit": limit})


def visible_ids(
    session: ReadSession, ids: Sequence[str], now: datetime, *, embargoed: bool
) -> set[str]:
    """Return those of some documents that are visible."""
    return {id_ for (id_,) in session.find(_VISIBLE[embargoed], ids, now=now)}


def visible_count(session: ReadSession, now: datetime) -> int:
    """Count the visible documents."""
    count: int = session.scalar(_COUNT, {"now": now})
    return count


@lru_cache(maxsize=4)
def _beginnings(dialect: str, *, embargoed: bool) -> Statement[BeginningRow]:
    place = func.instr if dialect == "sqlite" else func.pg_catalog.position
    begins = place(_bodies.c.body, bindparam("cut_at", type_=LargeBinary))
    text = func.substr(_bodies.c.body, begins, bindparam("cut_length", type_=Integer))
    columns = (_documents.c.id, _documents.c.language, _documents.c.head, text.label("text"))
    return Statement(
        select(*columns)
        .select_from(_documents.join(_bodies, _bodies.c.id == _documents.c.id))
        .where(_are_listed, visible(embargoed=embargoed)),
        BeginningRow,
    )


def _texts() -> Select[Any]:
    names = ("id", "slug", "source_id", "language", "kind", "translation_group", "category_ids")
    columns: list[ColumnElement[Any]] = [_documents.c[name] for name in names]
    columns += [_micros("published_at"), _micros("updated_at")]
    columns += [_documents.c.head, _documents.c.tail, _bodies.c.body]
    return select(*columns).select_from(_documents.join(_bodies, _bodies.c.id == _documents.c.id))


def _micros(name: str) -> ColumnElement[Any]:
    return type_coerce(_documents.c[name], BigInteger).label(name)


_are_listed = is_listed(_documents.c.id)
_VISIBLE: tuple[Statement[tuple[str]], ...] = tuple(
    Statement(select(_documents.c.id).where(_are_listed, visible(embargoed=embargoed)))
    for embargoed in (False, True)
)
_VISIBLE_TEXTS = tuple(
    Statement(_texts().where(_are_listed, visible(embargoed=embargoed)), TextRow)
    for embargoed in (False, True)
)
_ORDER = tuple_(type_coerce(_documents.c.published_at, BigInteger), _documents.c.id)
_AFTER = tuple_(bindparam("place", type_=BigInteger), bindparam("place_id"))
# Said so that no index has it: half of all stories are in the one of what is out.
_IS_OUT = func.coalesce(_documents.c.released, False).is_(True)
_RELEASED_TEXTS = Statement(_texts().where(_are_listed, _IS_OUT), TextRow)
_newest_rows = (
    _texts()
    .where(_IS_OUT)
    .order_by(_documents.c.published_at.desc(), _documents.c.id.desc())
    .limit(bindparam("limit"))
)
_NEWEST = Statement(_newest_rows, TextRow)
_OLDER = Statement(_newest_rows.where(_ORDER < _AFTER), TextRow)
_OF_SOURCE = Statement(
    _texts()
    .where(
        # Of how many it is true is not known, so they are read in their order.
        func.coalesce(_documents.c.source_id == bindparam("source_id"), false()),
        _documents.c.id > bindparam("after"),
        _IS_OUT,
    )
    .order_by(_documents.c.id)
    .limit(bindparam("limit")),
    TextRow,
)
_CHANGES = Statement(
    select(*(_log.c[name] for name in Touched._fields))
    .where(_log.c.serial >= bindparam("start", type_=BigInteger))
    .order_by(_log.c.serial)
    .limit(bindparam("limit")),
    Touched,
)


def _untold(opened: ColumnElement[bool]) -> Statement[tuple[str, int]]:
    changed = or_((~_documents.c.released) & opened, _documents.c.expires_at <= present())
    columns = select(_documents.c.id, _documents.c.version)
    return Statement(columns.where(changed).limit(bindparam("limit")))


_UNTOLD = _untold(_documents.c.published_at <= present())
_UNTOLD_EMBARGOED = _untold(visible(embargoed=True))
_COUNT: Statement[tuple[int]] = Statement(
    select(func.count()).select_from(_documents).where(visible())
)
