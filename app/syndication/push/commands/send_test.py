"""Send a webhook an event that means nothing, to see whether it arrives."""

from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.changing import need_active, to_change
from app.syndication.push.events import TEST, test_body
from app.syndication.push.following import delivery_row
from app.syndication.push.store import deliveries


def send_test(unit: UnitOfWork, id_: str) -> str:
    """Add a test to what is sent next, and return the id of its delivery."""
    row = to_change(unit, id_, None)
    need_active(row)
    body = test_body(id_, unit.now)
    made = delivery_row("webhook", row, TEST, id_, body, serial=0, now=unit.now)
    # Somebody waits for it, however long the receiver is left alone.
    deliveries.add(unit.session, [made._replace(due_at=unit.now)])
    unit.audit("tested", "webhook", id_, None, None)
    return made.id
