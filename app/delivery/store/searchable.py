"""SQL for what follows the log: its rows, and documents by id or in pages, newest first.

All of it is hot: small statements, each for a fixed number of values, compiled once.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
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
from app.delivery.store.reading import Position
from app.delivery.store.visibility import visible
from app.kit.clock import to_micros
from app.kit.schema import table_of
from app.kit.session import Reads, Record

_documents = table_of(Document)
_bodies = table_of(DocumentBody)
_log = table_of(LogRow)
# Statements exist for these numbers of ids; the last id is said again to fill one up.
_SIZES = (1, 4, 20, 100, 500)


def changes(session: Reads, start: int, limit: int) -> Sequence[Record]:
    """Return rows of the log from a serial on, that one included, oldest first."""
    rows: Sequence[Record] = session.all(_CHANGES, {"start": start, "limit": limit})
    return rows


def untold(session: Reads, now: datetime, limit: int, *, embargoed: bool) -> dict[str, int]:
    """Return the documents that time changed before the log heard of it, with their versions.

    For those who read what is under embargo, that changed when it was offered.
    """
    statement = _UNTOLD_EMBARGOED if embargoed else _UNTOLD
    rows = session.all(statement, {"now": to_micros(now), "limit": limit})
    return {row.id: row.version for row in rows}


def texts(
    session: Reads, ids: Sequence[str], now: datetime, *, embargoed: bool
) -> Iterator[Record]:
    """Yield the visible documents among ids, with all that a search index keeps of them."""
    statement = partial(_visible_texts, embargoed=embargoed)
    yield from _by_ids(session, statement, ids, {"now": to_micros(now)})


def beginnings(
    session: Reads, ids: Sequence[str], now: datetime, cut: tuple[bytes, int], *, embargoed: bool
) -> Iterator[Record]:
    """Yield the visible documents among ids with a part of their bodies, as `text`.

    It is where some bytes stand first, and as many bytes from there on as `cut` says.
    """
    statement = partial(_beginnings, dialect=session.dialect, embargoed=embargoed)
    more = {"now": to_micros(now), "cut_at": cut[0], "cut_length": cut[1]}
    yield from _by_ids(session, statement, ids, more)


def released_texts(session: Reads, ids: Sequence[str]) -> Iterator[Record]:
    """Yield the documents among ids that are out, whether or not their time is over."""
    yield from _by_ids(session, _released_texts, ids, {})


def texts_before(session: Reads, place: Position | None, limit: int) -> Sequence[Record]:
    """Return released documents, newest first, after a place in that order."""
    params: dict[str, Any] = {"limit": limit}
    if place is None:
        found = session.all(_NEWEST, params)
    else:
        found = session.all(_OLDER, params | {"place": place[0], "place_id": place[1]})
    rows: Sequence[Record] = found
    return rows


def texts_of_source(session: Reads, source_id: str, after: str, limit: int) -> Sequence[Record]:
    """Return released documents of a source in the order of ids, after one of them."""
    params = {"source_id": source_id, "after": after, "limit": limit}
    rows: Sequence[Record] = session.all(_OF_SOURCE, params)
    return rows


def visible_ids(session: Reads, ids: Sequence[str], now: datetime, *, embargoed: bool) -> set[str]:
    """Return those of some documents that are visible."""
    statement = partial(_visible_statement, embargoed=embargoed)
    rows = _by_ids(session, statement, ids, {"now": to_micros(now)})
    return {row.id for row in rows}


def short_forms(session: Reads, ids: Sequence[str], now: datetime) -> Iterator[Record]:
    """Yield the visible documents among ids in the pieces of their short form."""
    yield from _by_ids(session, _short_statement, ids, {"now": to_micros(now)})


def visible_count(session: Reads, now: datetime) -> int:
    """Count the visible documents."""
    count: int = session.scalar(_COUNT, {"now": to_micros(now)})
    return count


def _by_ids(
    session: Reads, statement: Any, ids: Sequence[str], more: dict[str, Any]
) -> Iterator[Record]:
    most = _SIZES[-1]
    for start in range(0, len(ids), most):
        part = ids[start : start + most]
        size = next(one for one in _SIZES if one >= len(part))
        filled = [*part, *[part[-1]] * (size - len(part))]
        params: dict[str, Any] = {f"id{number}": one for number, one in enumerate(filled)}
        yield from session.all(statement(size), params | more)


@lru_cache(maxsize=2 * len(_SIZES))
def _visible_texts(size: int, *, embargoed: bool) -> Select[Any]:
    return _texts().where(_documents.c.id.in_(_binds(size)), visible(embargoed=embargoed))


@lru_cache(maxsize=2 * len(_SIZES))
def _beginnings(size: int, *, dialect: str, embargoed: bool) -> Select[Any]:
    place = func.instr if dialect == "sqlite" else func.pg_catalog.position
    begins = place(_bodies.c.body, bindparam("cut_at", type_=LargeBinary))
    text = func.substr(_bodies.c.body, begins, bindparam("cut_length", type_=Integer))
    columns = (_documents.c.id, _documents.c.language, _documents.c.head, text.label("text"))
    return (
        select(*columns)
        .select_from(_documents.join(_bodies, _bodies.c.id == _documents.c.id))
        .where(_documents.c.id.in_(_binds(size)), visible(embargoed=embargoed))
    )


@lru_cache(maxsize=len(_SIZES))
def _released_texts(size: int) -> Select[Any]:
    # Said so that no index can have it: half of all stories are in the one of what is out.
    out = func.coalesce(_documents.c.released, False).is_(True)
    return _texts().where(_documents.c.id.in_(_binds(size)), out)


@lru_cache(maxsize=len(_SIZES))
def _short_statement(size: int) -> Select[Any]:
    names = ("id", "source_id", "category_ids", "head", "tail")
    columns = [_documents.c[name] for name in names]
    return select(*columns).where(_documents.c.id.in_(_binds(size)), visible())


@lru_cache(maxsize=2 * len(_SIZES))
def _visible_statement(size: int, *, embargoed: bool) -> Select[Any]:
    named = _documents.c.id.in_(_binds(size))
    return select(_documents.c.id).where(named, visible(embargoed=embargoed))


def _binds(size: int) -> list[BindParameter[str]]:
    return [bindparam(f"id{number}") for number in range(size)]


def _texts() -> Select[Any]:
    names = ("id", "slug", "source_id", "language", "kind", "translation_group", "category_ids")
    columns: list[ColumnElement[Any]] = [_documents.c[name] for name in names]
    columns += [_micros("published_at"), _micros("updated_at")]
    columns += [_documents.c.head, _documents.c.tail, _bodies.c.body]
    return select(*columns).select_from(_documents.join(_bodies, _bodies.c.id == _documents.c.id))


def _micros(name: str) -> ColumnElement[Any]:
    return type_coerce(_documents.c[name], BigInteger).label(name)


_ORDER = tuple_(type_coerce(_documents.c.published_at, BigInteger), _documents.c.id)
_AFTER = tuple_(bindparam("place", type_=BigInteger), bindparam("place_id"))
# Said so that no index has it: half of all stories are in the one of what is out.
_IS_OUT = func.coalesce(_documents.c.released, False).is_(True)
_NEWEST = (
    _texts()
    .where(_IS_OUT)
    .order_by(_documents.c.published_at.desc(), _documents.c.id.desc())
    .limit(bindparam("limit"))
)
_OLDER = _NEWEST.where(_ORDER < _AFTER)
_OF_SOURCE = (
    _texts()
    .where(
        # Of how many it is true is not known, so they are read in their order.
        func.coalesce(_documents.c.source_id == bindparam("source_id"), false()),
        _documents.c.id > bindparam("after"),
        _IS_OUT,
    )
    .order_by(_documents.c.id)
    .limit(bindparam("limit"))
)
_CHANGES = (
    select(_log.c.serial, type_coerce(_log.c.at, BigInteger).label("at"), _log.c.type, _log.c.id)
    .where(_log.c.serial >= bindparam("start", type_=BigInteger))
    .order_by(_log.c.serial)
    .limit(bindparam("limit"))
)
_NOW: BindParameter[int] = bindparam("now", type_=BigInteger)
_UNTOLD = (
    select(_documents.c.id, _documents.c.version)
    .where(
        or_(
            (~_documents.c.released) & (type_coerce(_documents.c.published_at, BigInteger) <= _NOW),
            type_coerce(_documents.c.expires_at, BigInteger) <= _NOW,
        )
    )
    .limit(bindparam("limit"))
)
_UNTOLD_EMBARGOED = (
    select(_documents.c.id, _documents.c.version)
    .where(
        or_(
            (~_documents.c.released) & visible(embargoed=True),
            type_coerce(_documents.c.expires_at, BigInteger) <= _NOW,
        )
    )
    .limit(bindparam("limit"))
)
_COUNT = select(func.count()).select_from(_documents).where(visible())
