"""Delete a webhook."""

from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.editing import Expected, load_for_change
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.views import audit_values


def delete_webhook(unit: UnitOfWork, id_: str, expected: Expected) -> None:
    """Delete a webhook with its deliveries, pending ones included."""
    row = load_for_change(unit, id_, expected)
    deliveries.delete_for_receiver(unit.session, id_)
    receivers.remove(unit.session, "webhook", id_)
    unit.audit("deleted", "webhook", id_, audit_values(row), None)
