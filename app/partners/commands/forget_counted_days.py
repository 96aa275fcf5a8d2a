"""Delete the days on which stories counted, when they are older than the setting allows."""

from datetime import timedelta

from app.kit.sql.unit_of_work import UnitOfWork
from app.partners.counting import format_day
from app.partners.store import receipts

BATCH = 1_000


def forget_counted_days(unit: UnitOfWork, days: int) -> int:
    """Delete the days of a batch of stories; return their number.

    The versions stay, so that a story that a partner has does not count again.
    """
    return receipts.forget_counted_days(
        unit.session, format_day(unit.now - timedelta(days=days)), BATCH
    )
