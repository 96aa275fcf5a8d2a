"""The state of the log: its position, and the scheduled changes around now."""

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
from app.delivery.store.visibility import now_parameter
from app.kit import json
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Statement

_documents = table_of(Document)
_log = table_of(LogRow)

RowT = TypeVar("RowT", bound=tuple[Any, ...])
Rows = Select[Any] | CompoundSelect[Any]


class LogStateRow(NamedTuple):
    """The log position and the scheduled changes around now, as numbers."""

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


def load_log_state(session: ReadSession, now: datetime) -> LogStateRow:
    """Return the log state alone, for callers that read no page."""
    return session.all(LOG_STATE, {"now": now})[0]


def log_state_columns() -> tuple[ColumnElement[Any], ...]:
    """Return the columns of the log state, for a statement that also reads other rows.

    So an answer knows its log position without a second query. `due_at` and `expired_at` are the
    last times at which time alone changed what is visible and that have no log row yet; the
    `next_…` columns are the next such times.
    """
    now = now_parameter()
    published, expires = as_number(_documents.c.published_at), as_number(_documents.c.expires_at)
    last = select(func.max(_log.c.serial))
    source: ColumnElement[str] = literal_column("'source'")
    category: ColumnElement[str] = literal_column("'category'")
    mark = select(_log.c.mark).order_by(_log.c.serial.desc()).limit(1)
    return (
        last.scalar_subquery().label("serial"),
        # One index lookup for each type: "not an article" would scan all articles. The types are
        # literals, because the planner must know how rare each is.
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
    """Return a timestamp column as its stored number, so that no row is converted."""
    return type_coerce(column, BigInteger)


def add_log_state(rows: Rows, dialect: str) -> Select[Any]:
    """Return these rows, each with the log state; without rows, one row with the state alone.

    The rows may come in any order. The log state is one JSON text, because so many more columns
    in each row would cost more than the story.
    """
    to_json = func.json_array if dialect == "sqlite" else func.json_build_array
    log = select(cast(to_json(*log_state_columns()), Text).label("log_head")).subquery("log")
    page = rows.subquery("page")
    return select(*page.c, log.c.log_head).select_from(log.outerjoin(page, true()))


def split_log_state(
    rows: Sequence[tuple[Any, ...]], row: type[RowT]
) -> tuple[LogStateRow, list[RowT]]:
    """Split rows into the log state and the other rows, of which there may be none."""
    state, make = LogStateRow(*json.loads(rows[0][-1])), partial(tuple.__new__, row)
    # Without other rows, there is one row with the log state alone.
    return state, [] if rows[0][0] is None else [make(row[:-1]) for row in rows]


# The log state alone; see `load_log_state`.
LOG_STATE = Statement(select(*log_state_columns()), LogStateRow)
