"""The change log: append rows, and read them from a serial on."""

from collections.abc import Collection, Sequence
from datetime import datetime
from secrets import randbits
from typing import Literal, NamedTuple

from sqlalchemy import BigInteger, bindparam, exists, func, literal_column, select

from app.access.selection import SelectionFields
from app.delivery.models import LogRow
from app.delivery.store.entries import EntryType
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Statement

# The last lock of every write transaction on PostgreSQL. Sequence order is not commit order there,
# so without it a follower would skip a row that has a low serial and is committed late.
LOG_LOCK = "change-log"
# JSON numbers are exact up to this many bits in every client.
MARK_BITS = 53


class Change(NamedTuple):
    """A row of the log; its serial and its mark are assigned when it is appended."""

    at: datetime
    type: str
    id: str
    op: str
    reason: str
    version: int | None
    notice: str | None = None
    before: SelectionFields | None = None
    after: SelectionFields | None = None
    serial: int = 0
    mark: int = 0


class LastChange(NamedTuple):
    """The last row of the log about a story."""

    id: str
    op: str
    reason: str
    version: int | None
    before: SelectionFields | None
    after: SelectionFields | None


class FormerAttributes(NamedTuple):
    """The attributes of a story before a change, and the time of the change."""

    id: str
    at: datetime
    attributes: SelectionFields


class MergedChange(NamedTuple):
    """The last row about something in both logs; `held` is its serial in the embargo log, or 0."""

    serial: int
    held: int
    at: datetime
    type: EntryType | Literal["article"]
    id: str
    op: str
    reason: str
    notice: str | None


def append_to_log(session: WriteSession, changes: Sequence[Change]) -> None:
    """Append rows to the log; no lock may be taken after this."""
    if changes:
        session.lock(LOG_LOCK)
        session.insert(LogRow, [row._replace(mark=randbits(MARK_BITS)) for row in changes])


def lock_log(session: WriteSession) -> None:
    """Wait until no other transaction is about to commit log rows; see `append_to_log`."""
    session.lock(LOG_LOCK)


def load_last_changes(session: ReadSession, ids: Collection[str]) -> dict[str, LastChange]:
    """Return the last log row of each story that has one, by id."""
    return {row.id: row for row in session.find(_LAST_OF_STORIES, ids)}


def load_last_serial(session: ReadSession) -> int:
    """Return the serial of the last row of the log, or 0 if it is empty."""
    serial: int = session.scalar(_LAST_SERIAL)
    return serial


def load_changes(session: ReadSession, after: int, limit: int) -> list[Change]:
    """Return rows of the log after a serial, oldest first."""
    return session.all(_ROWS, {"after": after, "limit": limit})


def load_last_of_each(
    session: ReadSession, after: int, upto: int, limit: int
) -> list[MergedChange]:
    """Return rows after a serial, oldest first: of each thing only the last up to `upto`."""
    return session.all(_LAST, {"after": after, "upto": upto, "limit": limit})


def load_attributes_before(
    session: ReadSession, after: int, upto: int, ids: Sequence[str]
) -> list[FormerAttributes]:
    """Return the attributes that stories had before their changes between two serials."""
    return session.find(_BEFORE, ids, after=after, upto=upto)


def find_changed(session: ReadSession, after: int, upto: int, ids: Sequence[str]) -> set[str]:
    """Return the stories, of those given, that have a row between two serials."""
    return {id_ for (id_,) in session.find(_CHANGED, ids, after=after, upto=upto)}


_log = table_of(LogRow)
_later = _log.alias("later")
# The addition hides `serial` from its index: later rows are looked up by type and id.
_later_serial = _later.c.serial + literal_column("0", BigInteger)
_after, _upto = bindparam("after", type_=BigInteger), bindparam("upto", type_=BigInteger)
_of_stories = (_log.c.type == literal_column("'article'")) & is_listed(_log.c.id)
LOG_END = func.coalesce(select(func.max(_log.c.serial)).scalar_subquery(), 0)
_LAST_SERIAL: Statement[tuple[int]] = Statement(select(LOG_END))
_LAST_OF_STORIES = Statement(
    select(*(_log.c[name] for name in LastChange._fields)).where(
        _log.c.serial.in_(select(func.max(_log.c.serial)).where(_of_stories).group_by(_log.c.id))
    ),
    LastChange,
)
_since = _log.c.serial > _after
_ROWS = Statement(
    select(*(_log.c[name] for name in Change._fields))
    .where(_since)
    .order_by(_log.c.serial)
    .limit(bindparam("limit")),
    Change,
)
_LAST = Statement(
    select(
        _log.c.serial,
        literal_column("0", BigInteger).label("held"),
        *(_log.c[name] for name in MergedChange._fields[2:]),
    )
    .where(
        _since,
        _log.c.serial <= _upto,
        ~exists().where(
            _later.c.type == _log.c.type,
            _later.c.id == _log.c.id,
            _later_serial > _log.c.serial,
            _later_serial <= _upto,
        ),
    )
    .order_by(_log.c.serial)
    .limit(bindparam("limit")),
    MergedChange,
)
# The addition hides `serial` from its index: rows are looked up by id, however many are new.
_own_serial = _log.c.serial + literal_column("0", BigInteger)
_within = (_of_stories, _own_serial > _after, _own_serial <= _upto)
_BEFORE = Statement(
    select(_log.c.id, _log.c.at, _log.c.before.label("attributes")).where(
        *_within, _log.c.before.is_not(None)
    ),
    FormerAttributes,
)
_CHANGED: Statement[tuple[str]] = Statement(select(_log.c.id).distinct().where(*_within))
