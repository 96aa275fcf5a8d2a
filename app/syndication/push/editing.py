"""Shared by the webhook commands: look-up, version check, audit."""

from app.access.audit import AuditVerb
from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.errors import WebhookChanged, WebhookNotFound, WrongWebhookState
from app.syndication.push.queries import load_webhook
from app.syndication.push.store import receivers
from app.syndication.push.store.receivers import WebhookRow
from app.syndication.push.views import audit_values

Expected = frozenset[int] | None


def load_for_change(unit: UnitOfWork, id_: str, expected: Expected) -> WebhookRow:
    """Lock and return a webhook, if it has an expected version."""
    row = None if "\0" in id_ else receivers.lock_webhook(unit.session, id_)
    if row is None:
        raise WebhookNotFound(f"There is no webhook with the id {quote_text(id_)}.")
    if expected is not None and row.version not in expected:
        raise WebhookChanged(f"This is version {row.version} by now.")
    return row


def require_active(row: WebhookRow) -> None:
    """Raise if the webhook is paused or disabled."""
    if row.state != "active":
        raise WrongWebhookState(f"The webhook is {row.state}. Resume it first.")


def audit_change(unit: UnitOfWork, verb: AuditVerb, before: WebhookRow) -> None:
    """Write an audit entry with the values before and after."""
    unit.audit(
        verb,
        "webhook",
        before.id,
        audit_values(before),
        audit_values(load_webhook(unit.session, before.id)),
    )
