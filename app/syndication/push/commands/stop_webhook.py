"""Pause or disable a webhook: nothing is sent until it is resumed."""

from app.access.audit import AuditVerb
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.editing import Expected, audit_change, load_for_change
from app.syndication.push.store import deliveries, receivers

PAUSED, DISABLED = "paused", "disabled"
_DONE: dict[str, AuditVerb] = {PAUSED: "paused", DISABLED: "disabled"}


def stop_webhook(
    unit: UnitOfWork, id_: str, state: str, reason: str, expected: Expected = None
) -> None:
    """Pause a webhook and keep its pending deliveries, or disable it and drop them."""
    before = load_for_change(unit, id_, expected)
    if before.state == state:
        return
    receivers.change(
        unit.session,
        "webhook",
        id_,
        state=state,
        reason=reason,
        version=before.version + 1,
        modified_at=unit.now,
    )
    if state == DISABLED:
        deliveries.drop(unit.session, id_)
    else:
        deliveries.hold(unit.session, id_, None)
    audit_change(unit, _DONE[state], before)
