"""SQL of the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, false, func, null, select, update

from app.access.models import AuditRow
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query

_audit = table_of(AuditRow)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Filters of the audit log; None means no filter."""

    verb: str | None = None
    type: str | None = None
    subject: str | None = None
    key: str | None = None
    person: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditRecord(NamedTuple):
    """A row of the audit log: an action, its actor and origin, and what changed."""

    id: str
    at: datetime
    actor_id: str | None
    actor_name: str
    address: str | None
    request_id: str | None
    verb: str
    type: str
    subject: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    actor_type: str | None = None


def add(session: WriteSession, rows: Sequence[AuditRecord]) -> None:
    """Insert rows."""
    session.insert(AuditRow, rows)


def load_page(
    session: ReadSession,
    filters: AuditFilter,
    limit: int,
    position: str | None,
    *,
    backwards: bool,
) -> list[AuditRecord]:
    """Return rows before an id, the newest first, or backwards from it."""
    statement = select(_audit).where(*_build_conditions(filters)).limit(limit)
    if backwards:
        statement = statement.order_by(_audit.c.id)
        statement = statement.where(_audit.c.id > position) if position else statement
    else:
        statement = statement.order_by(_audit.c.id.desc())
        statement = statement.where(_audit.c.id < position) if position else statement
    return session.all(Query(statement, AuditRecord))


def delete_before(session: WriteSession, before: datetime) -> int:
    """Delete rows older than an instant, and count them."""
    return session.execute(delete(AuditRow).where(AuditRow.at < before))


def erase_states(session: WriteSession, subject: str) -> None:
    """Remove the states before and after from all rows about an object; keep the rows."""
    states = {"before": null(), "after": null()}
    session.execute(update(_audit).where(_audit.c.subject == subject).values(states))


def _build_conditions(filters: AuditFilter) -> list[ColumnElement[bool]]:
    indexed = [
        (_audit.c.subject, filters.subject),
        (_audit.c.actor_id, filters.key),
        (_audit.c.actor_id, filters.person),
    ]
    tested = {_audit.c.verb: filters.verb, _audit.c.type: filters.type}
    conditions = [column == value for column, value in indexed if value is not None]
    # COALESCE hides the selectivity from the planner, so that it reads the rows in order.
    conditions += [
        func.coalesce(column == value, false())
        for column, value in tested.items()
        if value is not None
    ]
    if filters.since is not None:
        conditions.append(_audit.c.at >= filters.since)
    if filters.until is not None:
        conditions.append(_audit.c.at < filters.until)
    return conditions
