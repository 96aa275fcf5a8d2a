"""Resume a paused or disabled webhook; it receives all pending deliveries."""

from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.editing import Expected, audit_change, load_for_change
from app.syndication.push.store import deliveries, receivers


def resume_webhook(unit: UnitOfWork, id_: str, expected: Expected = None) -> None:
    """Send again, the oldest pending delivery first."""
    before = load_for_change(unit, id_, expected)
    if before.state == "active":
        return
    receivers.change(
        unit.session,
        "webhook",
        id_,
        state="active",
        reason=None,
        failing_since=None,
        failures=0,
        retry_at=None,
        version=before.version + 1,
        modified_at=unit.now,
    )
    deliveries.hold(unit.session, id_, unit.now)
    audit_change(unit, "resumed", before)
