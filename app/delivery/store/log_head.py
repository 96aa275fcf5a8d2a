"""The position of the log, and the moments around now at which time alone changes something."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    cast,
    func,
    literal_column,
    select,
    true,
    type_coerce,
)
from sqlalchemy.sql.expression import CompoundSelect

from app.delivery.models import Document, LogRow
from app.delivery.store.visibility import present
from app.kit import json
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Statement

_documents = table_of(Document)
_log = table_of(LogRow)


RowT = TypeVar("RowT", bound=tuple[Any, ...])
Rows = Select[Any] | CompoundSelect[Any]


class HeadRow(NamedTuple):
    """The log's position and the boundaries around now, as numbers."""

    serial: int | None
    source_serial: int | None
    category_serial: int | None
    changed_at: int | None
    due_at: int | None
    expired_at: int | None
    next_due_at: int | None
    next_expiry_at: int | None
    mark: int | None
    source_mark: int | None
    category_mark: int | None


def log_head(session: ReadSession, now: datetime) -> HeadRow:
    """Return the log's position alone, for what reads no page."""
    return session.all(LOG_HEAD, {"now": now})[0]


def head_columns() -> tuple[ColumnElement[Any], ...]:
    """Return the log's position and the boundaries around now, read together with the rows.

    So an answer says which position it is as new as, with no second query. `due_at` and
    `expired_at` are the last moments at which time alone changed what is visible, before the
    log heard of it; the `next_…` are those to come.
    """
    now = present()
    published, expires = as_number(_documents.c.published_at), as_number(_documents.c.expires_at)
    last = select(func.max(_log.c.serial))
    source: ColumnElement[str] = literal_column("'source'")
    category: ColumnElement[str] = literal_column("'category'")
    mark = select(_log.c.mark).order_by(_log.c.serial.desc()).limit(1)
    return (
        last.scalar_subquery().label("serial"),
        # One look into the index for each type: "not an article" would walk past them all. A
        # planner has to know how rare each is, so it is no parameter.
        last.where(_log.c.type == source).scalar_subquery().label("source_serial"),
        last.where(_log.c.type == category).scalar_subquery().label("category_serial"),
        select(as_number(_log.c.at))
        .order_by(_log.c.serial.desc())
        .limit(1)
        .scalar_subquery()
        .label("changed_at"),
        select(func.max(published))
        .where(_documents.c.released.is_(False), published <= now)
        .scalar_subquery()
        .label("due_at"),
        select(func.max(expires)).where(expires <= now).scalar_subquery().label("expired_at"),
        select(func.min(published))
        .where(_documents.c.released.is_(False), published > now)
        .scalar_subquery()
        .label("next_due_at"),
        select(func.min(expires)).where(expires > now).scalar_subquery().label("next_expiry_at"),
        mark.scalar_subquery().label("mark"),
        mark.where(_log.c.type == source).scalar_subquery().label("source_mark"),
        mark.where(_log.c.type == category).scalar_subquery().label("category_mark"),
    )


def as_number(column: Any) -> ColumnElement[Any]:
    """Return an instant as the number that it is kept as: a page converts none of its rows."""
    return type_coerce(column, BigInteger)


def with_log_head(rows: Rows, dialect: str) -> Select[Any]:
    """Return what reads these rows, each behind the head of the log; or one with the head alone.

    They may come in any order. The head is a text of JSON: so many columns in each row would take
    longer than the story.
    """
    to_json = func.json_array if dialect == "sqlite" else func.json_build_array
    log = select(cast(to_json(*head_columns()), Text).label("log_head")).subquery("log")
    page = rows.subquery("page")
    return select(log.c.log_head, *page.c).select_from(log.outerjoin(page, true()))


def split_head(rows: Sequence[tuple[Any, ...]], row: type[RowT]) -> tuple[HeadRow, list[RowT]]:
    """Return the head that headed rows begin with, and the stories; there may be none."""
    head, make = HeadRow(*json.loads(rows[0][0])), partial(tuple.__new__, row)
    # One row without a story is there in any case.
    return head, [] if rows[0][1] is None else [make(row[1:]) for row in rows]


# The log's position alone; see `log_head`.
LOG_HEAD = Statement(select(*head_columns()), HeadRow)
