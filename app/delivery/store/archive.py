"""SQL for feeds and sitemaps: withdrawals, months with stories, and all tags."""

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    type_coerce,
)

from app.access.entitlement import Entitlement
from app.access.selection import SelectionFields
from app.delivery.access_shape import AccessShape, bind_access, shape_access
from app.delivery.models import Document, DocumentTerm, LogRow
from app.delivery.store.visibility import is_visible
from app.kit.sql.schema import Instant, table_of
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Statement

_documents = table_of(Document)
_terms = table_of(DocumentTerm)
_log = table_of(LogRow)


class WithdrawnRow(NamedTuple):
    """A withdrawal; `before` are the attributes of the story."""

    id: str
    at: datetime
    reason: str
    notice: str | None
    version: int
    before: SelectionFields


class Month(NamedTuple):
    """A month such as `2026-11`, the number of its stories, and their last change."""

    name: str
    stories: int
    changed_at: datetime


def find_withdrawals(
    session: ReadSession, now: datetime, since: datetime, upto: int, limit: int
) -> list[WithdrawnRow]:
    """Return withdrawals since a time and up to a serial, newest first.

    Stories that are visible again are not included.
    """
    params = {"now": now, "since": since, "upto": upto, "limit": limit}
    return session.all(_WITHDRAWN, params)


def count_months(session: ReadSession, now: datetime, entitlement: Entitlement) -> list[Month]:
    """Count the visible stories of each month of publication, with their last change."""
    statement = _months_statement(session.dialect, shape_access(entitlement))
    return session.all(statement, {"now": now, **bind_access(entitlement)})


def load_tags(session: ReadSession) -> list[str]:
    """Return every folded tag that a story has, with one index lookup for each."""
    return session.scalars(_TAGS)


_WITHDRAWN = Statement(
    select(
        _log.c.id,
        _log.c.at,
        _log.c.reason,
        _log.c.notice,
        # The version of the removal, which is one after the last public version.
        (func.coalesce(_log.c.version, literal_column("0")) + literal_column("1")).label("version"),
        _log.c.before,
    )
    .where(
        _log.c.op == literal_column("'remove'"),
        # `coalesce` hides the column from its index: the index of removals is far smaller.
        func.coalesce(_log.c.type, literal_column("''")) == literal_column("'article'"),
        _log.c.serial <= bindparam("upto", type_=BigInteger),
        _log.c.at >= bindparam("since", type_=Instant),
        ~exists().where(_documents.c.id == _log.c.id, is_visible()),
    )
    .order_by(_log.c.serial.desc())
    .limit(bindparam("limit")),
    WithdrawnRow,
)


@lru_cache(maxsize=8)
def _months_statement(dialect: str, access: AccessShape) -> Statement[Month]:
    month = _month_of(dialect).label("name")
    changed = func.max(_documents.c.updated_at).label("changed_at")
    return Statement(
        select(month, func.count().label("stories"), changed)
        .where(is_visible(access=access))
        .group_by(month)
        .order_by(month),
        Month,
    )


def _month_of(dialect: str) -> ColumnElement[str]:
    seconds = type_coerce(_documents.c.published_at, BigInteger) // literal_column(
        "1000000", BigInteger
    )
    if dialect == "sqlite":
        return func.strftime("%Y-%m", seconds, "unixepoch")
    return func.to_char(func.timezone("UTC", func.to_timestamp(seconds)), "YYYY-MM")


def _select_tags() -> Select[Any]:
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


_TAGS: Statement[tuple[str]] = Statement(_select_tags())
