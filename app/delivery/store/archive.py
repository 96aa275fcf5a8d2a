"""What only formats ask: what was withdrawn, which months have stories, which tags there are."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    select,
)

from app.delivery.models import Document, DocumentTerm, LogRow
from app.delivery.store.visibility import micros, visible
from app.kit.clock import to_micros
from app.kit.schema import table_of
from app.kit.session import ReadSession, Record
from app.kit.statement import Statement

_documents = table_of(Document)
_terms = table_of(DocumentTerm)
_log = table_of(LogRow)


def withdrawn(
    session: ReadSession, now: datetime, since: datetime, upto: int, limit: int
) -> Sequence[Record]:
    """Return withdrawals since an instant and up to a serial, newest first.

    Stories that are visible again are left out.
    """
    params = {"now": to_micros(now), "since": to_micros(since), "upto": upto, "limit": limit}
    rows: Sequence[Record] = session.all(_WITHDRAWN, params)
    return rows


def months(session: ReadSession, now: datetime) -> Sequence[Record]:
    """Count the visible stories of each month of publication, with their last change."""
    return session.all(_months(session.dialect), {"now": to_micros(now)})


def tags(session: ReadSession) -> list[str]:
    """Return every tag, folded, that a story has: one look into the index for each."""
    return [row.value for row in session.all(_TAGS)]


def tags_since(session: ReadSession, serial: int, limit: int) -> Sequence[Record]:
    """Return rows of the log after a serial, with what stories are selected by since then."""
    statement = select(_log.c.serial, _log.c.after).where(_log.c.serial > serial)
    return session.all(statement.order_by(_log.c.serial).limit(limit))


_WITHDRAWN: Statement[Any] = Statement(
    select(
        _log.c.id,
        micros(_log.c.at).label("at"),
        _log.c.reason,
        _log.c.notice,
        # Of what was public; that it is no more is a version after that.
        (func.coalesce(_log.c.version, literal_column("0")) + literal_column("1")).label("version"),
        cast(_log.c.before, Text).label("before"),
    )
    .where(
        _log.c.op == literal_column("'remove'"),
        # Said so that no index can have it: the one of removals is far shorter than that of types.
        func.coalesce(_log.c.type, literal_column("''")) == literal_column("'article'"),
        _log.c.serial <= bindparam("upto", type_=BigInteger),
        micros(_log.c.at) >= bindparam("since", type_=BigInteger),
        ~exists().where(_documents.c.id == _log.c.id, visible()),
    )
    .order_by(_log.c.serial.desc())
    .limit(bindparam("limit"))
)


@lru_cache(maxsize=2)
def _months(dialect: str) -> Statement[Any]:
    month = _month(dialect).label("month")
    changed = func.max(micros(_documents.c.updated_at)).label("changed_at")
    return Statement(
        select(month, func.count().label("stories"), changed)
        .where(visible())
        .group_by(month)
        .order_by(month)
    )


def _month(dialect: str) -> ColumnElement[str]:
    seconds = micros(_documents.c.published_at) // literal_column("1000000", BigInteger)
    if dialect == "sqlite":
        return func.strftime("%Y-%m", seconds, "unixepoch")
    return func.to_char(func.timezone("UTC", func.to_timestamp(seconds)), "YYYY-MM")


def _all_tags() -> Select[Any]:
    of_tags = _terms.c.field == literal_column("'tag'")
    first = select(func.min(_terms.c.value).label("value")).where(of_tags).cte(recursive=True)
    following = (
        select(func.min(_terms.c.value))
        .where(of_tags, _terms.c.value > first.c.value)
        .correlate(first)
        .scalar_subquery()
    )
    walk = first.union_all(select(following).where(first.c.value.is_not(None)))
    return select(walk.c.value).where(walk.c.value.is_not(None))


_TAGS: Statement[Any] = Statement(_all_tags())
