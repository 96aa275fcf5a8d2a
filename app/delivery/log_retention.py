"""Log retention: delete log rows that are older than the retention period and superseded.

Retention follows the log some days behind. Up to its position, the log keeps only the last row of
each story, source and category. It never passes another follower. A client that was away for
longer has to start again.
"""

from datetime import timedelta
from itertools import takewhile

from app.delivery import store
from app.delivery.store.embargo_log import delete_superseded_embargoed
from app.delivery.store.log_retention import (
    TRIMMING,
    delete_follower,
    delete_superseded,
    load_slowest_position,
)
from app.kit.sql.unit_of_work import UnitOfWork

BATCH = 500


def trim_log(unit: UnitOfWork, days: int) -> int:
    """Trim the next batch, and return the number of rows read; 0 days keep everything."""
    if not days:
        return 0
    session, until = unit.session, unit.now - timedelta(days=days)
    store.start_follower_after(session, TRIMMING, 0, unit.now)
    store.rewind_follower(session, TRIMMING, unit.now)
    position, slowest = (
        store.load_follower_position(session, TRIMMING),
        load_slowest_position(session),
    )
    rows = store.load_changes(session, position.serial if position is not None else 0, BATCH)
    old = [
        row
        for row in takewhile(lambda row: row.at < until, rows)
        if slowest is None or row.serial <= slowest
    ]
    if old:
        delete_superseded(session, {(row.type, row.id): row.serial for row in old})
        delete_superseded_embargoed(session, old[-1].serial)
        store.move_follower(session, TRIMMING, old[-1].serial, unit.now)
    return len(old)


def forget_follower(unit: UnitOfWork, name: str) -> None:
    """Delete the position of a follower that no longer exists, so that it blocks nothing."""
    delete_follower(unit.session, name)
