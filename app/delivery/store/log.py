"""The change log: appended to last, read from a serial on."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Select,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    type_coerce,
)

from app.delivery.models import LogRow
from app.kit import json
from app.kit.schema import table_of
from app.kit.session import Reads, ReadSession, Record, WriteSession, chunks, filled

# The last lock of every writing transaction on PostgreSQL: a sequence there is not commit
# order, and a follower would skip a row that is numbered early and committed late.
LOG_LOCK = "change-log"


def append(session: WriteSession, rows: Sequence[dict[str, Any]]) -> None:
    """Append to the log; nothing may be locked after this."""
    if rows:
        session.lock(LOG_LOCK)
        session.insert(LogRow, [{"notice": None, **row} for row in rows])


def lock_log(session: WriteSession) -> None:
    """Wait until nobody else is about to commit what the log tells; see `append`."""
    session.lock(LOG_LOCK)


@dataclass(frozen=True, slots=True)
class LastChange:
    """The last row that the log has about a story."""

    op: str
    reason: str
    version: int | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def last_log_rows(session: ReadSession, ids: Collection[str]) -> dict[str, LastChange]:
    """Return the last log row of each story that has one, by id."""
    found: dict[str, LastChange] = {}
    for part in chunks(ids):
        named = filled(part)
        params = {f"id{number}": id_ for number, id_ in enumerate(named)}
        for row in session.prepared(_last_of(len(named)), params):
            found[row.id] = LastChange(row.op, row.reason, row.version, row.before, row.after)
    return found


@lru_cache
def _last_of(count: int) -> Select[Any]:
    ids: list[BindParameter[str]] = [bindparam(f"id{number}") for number in range(count)]
    last = (
        select(func.max(LogRow.serial))
        .where(LogRow.type == "article", LogRow.id.in_(ids))
        .group_by(LogRow.id)
    )
    columns = select(
        LogRow.id, LogRow.op, LogRow.reason, LogRow.version, LogRow.before, LogRow.after
    )
    return columns.where(LogRow.serial.in_(last))


def last_log_row(session: ReadSession) -> Sequence[Record]:
    """Return the end of the log: one row, or none yet."""
    statement = select(table_of(LogRow)).order_by(LogRow.serial.desc()).limit(1)
    return session.all(statement)


def log_rows(session: ReadSession, after: int, limit: int) -> Sequence[Record]:
    """Return rows of the log after a serial, oldest first."""
    statement = select(table_of(LogRow)).where(LogRow.serial > after)
    return session.all(statement.order_by(LogRow.serial).limit(limit))


@dataclass(frozen=True, slots=True)
class Changed:
    """What a row of the log says of a thing: what it was selected by before, and is after."""

    serial: int
    type: str
    id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def changed_after(session: Reads, after: int, limit: int) -> list[Changed]:
    """Return what rows of the log after a serial say, oldest first."""
    return [
        Changed(row.serial, row.type, row.id, object_of(row.before), object_of(row.after))
        for row in session.all(_CHANGED, {"after": after, "limit": limit})
    ]


def object_of(value: Any) -> dict[str, Any] | None:
    """Return JSON that the database gave as text, or as what it says."""
    found: dict[str, Any] | None = json.loads(value) if isinstance(value, str) else value
    return found


def last_of_each(session: Reads, after: int, upto: int, limit: int) -> Sequence[Record]:
    """Return rows after a serial, oldest first: of each thing the last one up to another serial."""
    rows: Sequence[Record] = session.all(_LAST, {"after": after, "upto": upto, "limit": limit})
    return rows


def attributes_before(
    session: Reads, after: int, upto: int, ids: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield, for stories that changed between two serials, what they were while public."""
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        # One statement for all numbers of ids: the last is said again to fill it up.
        filled = [*part, *repeat(part[-1], _AT_ONCE - len(part))]
        params = {f"id{number}": one for number, one in enumerate(filled)}
        for row in session.all(_before_statement(), params | {"after": after, "upto": upto}):
            yield row.id, object_of(row.before) or {}


_AT_ONCE = 100
_log = table_of(LogRow)
_later = _log.alias("later")
# Said so that no index of serials alone is taken: what is later is looked up by its thing.
_later_serial = _later.c.serial + literal_column("0", BigInteger)
_CHANGED = (
    select(_log.c.serial, _log.c.type, _log.c.id, _log.c.before, _log.c.after)
    .where(_log.c.serial > bindparam("after", type_=BigInteger))
    .order_by(_log.c.serial)
    .limit(bindparam("limit"))
)
_LAST = (
    select(
        _log.c.serial,
        type_coerce(_log.c.at, BigInteger).label("at"),
        _log.c.type,
        _log.c.id,
        _log.c.op,
        _log.c.reason,
        _log.c.notice,
    )
    .where(
        _log.c.serial > bindparam("after", type_=BigInteger),
        _log.c.serial <= bindparam("upto", type_=BigInteger),
        ~exists().where(
            _later.c.type == _log.c.type,
            _later.c.id == _log.c.id,
            _later_serial > _log.c.serial,
            _later_serial <= bindparam("upto", type_=BigInteger),
        ),
    )
    .order_by(_log.c.serial)
    .limit(bindparam("limit"))
)


@lru_cache(maxsize=1)
def _before_statement() -> Select[Any]:
    ids: list[BindParameter[str]] = [bindparam(f"id{number}") for number in range(_AT_ONCE)]
    return select(_log.c.id, _log.c.before).where(
        _log.c.type == "article",
        _log.c.id.in_(ids),
        _log.c.serial > bindparam("after", type_=BigInteger),
        _log.c.serial <= bindparam("upto", type_=BigInteger),
        _log.c.before.is_not(None),
    )
