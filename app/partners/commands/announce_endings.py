"""Announce agreements that end soon, once for each end."""

from datetime import timedelta

from app.kit.sql.unit_of_work import UnitOfWork
from app.partners.events import AgreementEnding
from app.partners.store import partners

NOTICE = timedelta(days=30)
BATCH = 100


def announce_endings(unit: UnitOfWork) -> int:
    """Add an event for each agreement of a batch that ends soon, and count them."""
    ending = partners.lock_ending_partners(unit.session, unit.now, unit.now + NOTICE, BATCH)
    for row in ending:
        partners.set_announced_end(unit.session, row)
        unit.events.append(AgreementEnding(row))
    return len(ending)
