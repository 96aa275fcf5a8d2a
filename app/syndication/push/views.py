"""Webhooks and deliveries as administrators see them, without secrets."""

from datetime import datetime
from typing import Any

from app.kit import json
from app.kit.clock import format_instant
from app.syndication.push.store.deliveries import DeliveryRow
from app.syndication.push.store.receivers import WebhookRow


def webhook_view(row: WebhookRow, now: datetime) -> dict[str, Any]:
    """Return a webhook."""
    old = row.old_secret_until
    return {
        "id": row.id,
        "url": row.url,
        "events": row.events,
        "filter": row.filter,
        "partner": row.partner_id,
        "document": row.document,
        "state": row.state,
        "reason": row.reason,
        "failing_since": _instant(row.failing_since),
        "failures": row.failures,
        "old_secret_until": _instant(old) if old is not None and now < old else None,
        "version": row.version,
        "created_at": _instant(row.created_at),
        "modified_at": _instant(row.modified_at),
    }


def delivery_view(row: DeliveryRow) -> dict[str, Any]:
    """Return a delivery, with its body if it still has one."""
    return {
        "id": row.id,
        "event": row.event,
        "subject": row.subject,
        "state": row.state,
        "attempts": row.attempts,
        "created_at": _instant(row.made_at),
        "due_at": _instant(row.due_at),
        "tried_at": _instant(row.tried_at),
        "status": row.status,
        "answer": row.answer,
        "body": None if row.body is None else json.loads(row.body),
    }


def build_audit_values(row: WebhookRow) -> dict[str, Any]:
    """Return the values of a new webhook for the audit."""
    values = {"url": row.url, "events": row.events, "filter": row.filter}
    if row.partner_id is None:
        return values
    return {**values, "partner": row.partner_id, "document": row.document}


def audit_values(row: WebhookRow) -> dict[str, Any]:
    """Return the values of a webhook for the audit."""
    names = ("url", "events", "filter", "document", "state", "reason")
    return {name: getattr(row, name) for name in names}


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)
