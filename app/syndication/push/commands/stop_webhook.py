"""Pause a webhook, or disable it: nothing is sent to it until somebody resumes it."""

from app.access.audit import AuditVerb
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push.changing import Expected, note_change, to_change
from app.syndication.push.store import deliveries, receivers

PAUSED, DISABLED = "paused", "disabled"
_DONE: dict[str, AuditVerb] = {PAUSED: "paused", DISABLED: "disabled"}


def stop_webhook(
    unit: UnitOfWork, id_: str, state: str, reason: str, expected: Expected = None
) -> None:
    """Pause a webhook, and keep what it is to be told; or disable it, and keep nothing."""
    before = to_change(unit, id_, expected)
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
    note_change(unit, _DONE[state], before)
