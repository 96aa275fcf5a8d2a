"""Delete a webhook."""

from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.changing import Expected, to_change
from app.syndication.push.store import deliveries, receivers
from app.syndication.push.views import noted


def delete_webhook(unit: UnitOfWork, id_: str, expected: Expected) -> None:
    """Take a webhook away, with what waits for it and the log of what was sent."""
    row = to_change(unit, id_, expected)
    deliveries.forget_of(unit.session, id_)
    receivers.remove(unit.session, "webhook", id_)
    unit.audit("deleted", "webhook", id_, noted(row), None)
