"""SQL of the limits that several processes share."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select

from app.access.models import RateLimitProcess, RateLimitUse
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Statement

_use = table_of(RateLimitUse)


class UseRow(NamedTuple):
    """What all processes have used of some limits at an instant, in thousandths."""

    id: str
    requests: int
    cost: int
    at: datetime


class _ProcessRow(NamedTuple):
    id: str
    seen_at: datetime


_BY_ID = Statement(select(_use).where(is_listed(_use.c.id)), UseRow)


def lock_use(session: WriteSession) -> None:
    """Let one process report after the other."""
    session.lock("rate_limits")


def load_use(session: ReadSession, ids: Collection[str]) -> list[UseRow]:
    """Return what is known about some keys, tokens and partners."""
    return session.find(_BY_ID, ids)


def save_use(session: WriteSession, rows: Sequence[UseRow]) -> None:
    """Replace what is known."""
    session.insert(RateLimitUse, rows, "whole")


def record_process(session: WriteSession, id_: str, now: datetime) -> None:
    """Record that a process is running."""
    session.insert(RateLimitProcess, [_ProcessRow(id_, now)], "whole")


def count_processes(session: ReadSession, since: datetime) -> int:
    """Return how many processes were seen since an instant."""
    statement = select(func.count()).where(RateLimitProcess.seen_at > since)
    return int(session.scalar(statement))


def delete_use(session: WriteSession, before: datetime) -> None:
    """Delete use and processes that nothing was heard of since an instant."""
    session.execute(delete(RateLimitUse).where(RateLimitUse.at < before))
    session.execute(delete(RateLimitProcess).where(RateLimitProcess.seen_at < before))
