"""The change log and the embargo log merged into one sequence, for readers with embargo access.

A row of the embargo log comes after the public row that it names, and before the next.
"""

from collections.abc import Sequence
from heapq import merge
from itertools import islice

from sqlalchemy import BigInteger, ColumnElement, bindparam, exists, literal_column, select

from app.delivery.models import EmbargoedRow, LogRow
from app.delivery.store.log import FormerAttributes, MergedChange
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Statement

_embargoed = table_of(EmbargoedRow)
_log = table_of(LogRow)


def load_last_of_each_merged(
    session: ReadSession, after: tuple[int, int], upto: tuple[int, int], limit: int
) -> list[MergedChange]:
    """Return rows of both logs in their common order: of each thing only the last row.

    The bounds are serials of both logs. `serial` of a row is its serial in the change log, or of
    the public row that it follows; `held` is its serial in the embargo log, or 0.
    """
    params = {"after": after[0], "upto": upto[0], "held_after": after[1], "held_upto": upto[1]}
    both = (
        session.all(statement, params | {"limit": limit})
        for statement in (_LAST_PUBLIC, _LAST_HELD)
    )
    return list(islice(merge(*both, key=lambda row: (row.serial, row.held)), limit))


def load_embargoed_before(
    session: ReadSession, after: int, upto: int, ids: Sequence[str]
) -> list[FormerAttributes]:
    """Return the attributes that stories had under embargo before changes between two serials."""
    return session.find(_BEFORE, ids, held_after=after, held_upto=upto)


def find_embargoed_changed(
    session: ReadSession, after: int, upto: int, ids: Sequence[str]
) -> set[str]:
    """Return the stories, of those given, with a row of the embargo log between two serials."""
    return {id_ for (id_,) in session.find(_CHANGED, ids, held_after=after, held_upto=upto)}


_after, _upto, _held_after, _held_upto = (
    bindparam(name, type_=BigInteger) for name in ("after", "upto", "held_after", "held_upto")
)
_later = _log.alias("later")
_held_later = _embargoed.alias("held_later")
# The addition hides `serial` from its index: later rows are looked up by type and id.
_later_serial, _held_later_serial, _log_serial = (
    table.c.serial + literal_column("0", BigInteger) for table in (_later, _held_later, _log)
)
_of_article: ColumnElement[str] = literal_column("'article'")
_LAST_PUBLIC = Statement(
    select(
        _log.c.serial,
        literal_column("0", BigInteger).label("held"),
        *(_log.c[name] for name in MergedChange._fields[2:]),
    )
    .where(
        _log.c.serial > _after,
        _log.c.serial <= _upto,
        ~exists().where(
            _later.c.type == _log.c.type,
            _later.c.id == _log.c.id,
            _later_serial > _log.c.serial,
            _later_serial <= _upto,
        ),
        ~exists().where(
            _log.c.type == _of_article,
            _held_later.c.id == _log.c.id,
            _held_later.c.public_serial >= _log.c.serial,
            _held_later_serial > _held_after,
            _held_later_serial <= _held_upto,
        ),
    )
    .order_by(_log.c.serial)
    .limit(bindparam("limit")),
    MergedChange,
)
_LAST_HELD = Statement(
    select(
        _embargoed.c.public_serial.label("serial"),
        _embargoed.c.serial.label("held"),
        _embargoed.c.at,
        _of_article.label("type"),
        *(_embargoed.c[name] for name in ("id", "op", "reason", "notice")),
    )
    .where(
        _embargoed.c.serial > _held_after,
        _embargoed.c.serial <= _held_upto,
        ~exists().where(
            _held_later.c.id == _embargoed.c.id,
            _held_later_serial > _embargoed.c.serial,
            _held_later_serial <= _held_upto,
        ),
        ~exists().where(
            _log.c.type == _of_article,
            _log.c.id == _embargoed.c.id,
            _log_serial > _embargoed.c.public_serial,
            _log_serial <= _upto,
        ),
    )
    .order_by(_embargoed.c.serial)
    .limit(bindparam("limit")),
    MergedChange,
)
_held_serial = _embargoed.c.serial + literal_column("0", BigInteger)
_within = (is_listed(_embargoed.c.id), _held_serial > _held_after, _held_serial <= _held_upto)
_BEFORE = Statement(
    select(_embargoed.c.id, _embargoed.c.at, _embargoed.c.before.label("attributes")).where(
        *_within, _embargoed.c.before.is_not(None)
    ),
    FormerAttributes,
)
_CHANGED: Statement[tuple[str]] = Statement(select(_embargoed.c.id).distinct().where(*_within))
