"""Resume a webhook that was paused or disabled: it gets all that was kept for it."""

from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.changing import Expected, note_change, to_change
from app.syndication.push.store import deliveries, receivers


def resume_webhook(unit: UnitOfWork, id_: str, expected: Expected = None) -> None:
    """Send again, from what has waited longest on."""
    before = to_change(unit, id_, expected)
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
    note_change(unit, "resumed", before)
