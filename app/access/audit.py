"""The audit log: who did what in the newsroom, when, from where, and what changed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal, get_args

from app.access.actors import describe_actor
from app.access.store import audit_log
from app.access.store.audit_log import AuditFilter, AuditRecord
from app.kit.clock import format_instant
from app.kit.ids import new_id
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.unit_of_work import Actor, AuditedAction, UnitOfWork
from app.kit.view_page import ViewPage, build_view_page

# Closed lists, so that the API can refuse a filter by an unknown word.
AuditVerb = Literal[
    "created",
    "edited",
    "published",
    "scheduled",
    "unscheduled",
    "corrected",
    "unpublished",
    "killed",
    "deleted",
    "restored",
    "purged",
    "erased",
    "imported",
    "revoked",
    "paused",
    "disabled",
    "resumed",
    "rotated",
    "replayed",
    "tested",
    "exported",
    "refused",
    "subscribed",
    "unsubscribed",
]
AuditType = Literal[
    "article",
    "source",
    "category",
    "key",
    "import",
    "export",
    "preview",
    "webhook",
    "subscription",
    "product",
    "partner",
    "feed_token",
    "secret",
    "person",
    "session",
]
VERBS: tuple[AuditVerb, ...] = get_args(AuditVerb)
TYPES: tuple[AuditType, ...] = get_args(AuditType)


def write_audit(unit: UnitOfWork) -> None:
    """Insert a row for each action of a unit of work, in the same transaction.

    Raises `ValueError` for a word that is not in the closed lists, which rolls the work back: no
    filter could find such a row.
    """
    audit_log.add(unit.session, list(map(partial(_build_row, unit.actor, unit.now), unit.actions)))


def add_audit_row(
    session: WriteSession, actor: Actor, now: datetime, action: AuditedAction
) -> None:
    """Insert a row for an action outside a unit of work, or of another actor."""
    audit_log.add(session, [_build_row(actor, now, action)])


def _build_row(actor: Actor, now: datetime, action: AuditedAction) -> AuditRecord:
    if action.verb not in VERBS or action.type not in TYPES:
        raise ValueError(f"The audit does not know that a {action.type!r} is {action.verb!r}.")
    return AuditRecord(
        id=new_id(),
        at=now,
        actor_id=actor.id,
        actor_name=actor.name,
        address=actor.address,
        request_id=actor.request_id,
        verb=action.verb,
        type=action.type,
        subject=action.id,
        before=_to_json(action.before),
        after=_to_json(action.after),
        actor_type=actor.type,
    )


def delete_older(unit: UnitOfWork, days: int) -> int:
    """Delete rows older than so many days, and count them; 0 keeps everything."""
    return audit_log.delete_before(unit.session, unit.now - timedelta(days=days)) if days else 0


def load_audit_page(
    session: ReadSession,
    filters: AuditFilter,
    limit: int,
    position: str | None,
    *,
    backwards: bool,
) -> ViewPage:
    """Return a page of the audit log, newest first."""
    rows = audit_log.load_page(session, filters, limit + 1, position, backwards=backwards)
    return build_view_page(
        rows,
        limit,
        lambda kept: [_build_view(row) for row in kept],
        lambda row: (row.id,),
        placed=position is not None,
        backwards=backwards,
    )


def _build_view(row: AuditRecord) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": format_instant(row.at),
        "by": describe_actor(row.actor_id, row.actor_name, row.actor_type),
        "address": row.address,
        "request_id": row.request_id,
        "verb": row.verb,
        "type": row.type,
        "subject": row.subject,
        "before": row.before,
        "after": row.after,
    }


def _to_json(state: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a state as JSON values."""
    if state is None:
        return None
    plain = dict(state)
    for name, value in state.items():
        if isinstance(value, datetime):
            plain[name] = format_instant(value)
    return plain
