"""What verbs of webhooks share: finding, comparing versions, telling the audit."""

from app.access.audit import AuditVerb
from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.errors import WebhookChanged, WebhookNotFound, WrongState
from app.syndication.push.queries import found
from app.syndication.push.store import receivers
from app.syndication.push.store.receivers import WebhookRow
from app.syndication.push.views import noted

Expected = frozenset[int] | None


def to_change(unit: UnitOfWork, id_: str, expected: Expected) -> WebhookRow:
    """Return a webhook locked, if it is a version that is expected."""
    row = None if "\0" in id_ else receivers.webhook_locked(unit.session, id_)
    if row is None:
        raise WebhookNotFound(f"There is no webhook with the id {quote_text(id_)}.")
    if expected is not None and row.version not in expected:
        raise WebhookChanged(f"This is version {row.version} by now.")
    return row


def need_active(row: WebhookRow) -> None:
    """Insist that a webhook is told anything."""
    if row.state != "active":
        raise WrongState(f"The webhook is {row.state}. Resume it first.")


def note_change(unit: UnitOfWork, verb: AuditVerb, before: WebhookRow) -> None:
    """Tell the audit what is different."""
    unit.audit(verb, "webhook", before.id, noted(before), noted(found(unit.session, before.id)))
