"""Send a test event to a webhook."""

from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.delivery_creation import build_delivery
from app.syndication.push.editing import load_for_change, require_active
from app.syndication.push.events import TEST, build_test_body
from app.syndication.push.store import deliveries


def send_test(unit: UnitOfWork, id_: str) -> str:
    """Enqueue a test event, and return the id of its delivery."""
    row = load_for_change(unit, id_, None)
    require_active(row)
    body = build_test_body(id_, unit.now)
    delivery = build_delivery("webhook", row, TEST, id_, body, serial=0, now=unit.now)
    # Due at once even if the receiver is in backoff, because a person waits for it.
    deliveries.add(unit.session, [delivery._replace(due_at=unit.now)])
    unit.audit("tested", "webhook", id_, None, None)
    return delivery.id
