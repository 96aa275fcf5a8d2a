"""The log does not grow for ever: what is older than its retention and superseded is forgotten.

Trimming follows the log, some days behind. Where it has been, the log has but the last row of each
thing: so whoever asks what became of a story finds out, and what is true now is never taken away.
It stays behind every follower that keeps its place. Who was away for longer begins anew.
"""

from datetime import timedelta
from itertools import takewhile

from app.delivery import store
from app.delivery.store.embargoed import forget_superseded_embargoed
from app.delivery.store.trimming import (
    TRIMMING,
    forget_follower,
    forget_superseded,
    slowest_follower,
)
from app.kit.sql.unit_of_work import UnitOfWork

BATCH = 500


def trim(unit: UnitOfWork, days: int) -> int:
    """Go on behind the log by one batch at the most, and count its rows; 0 days keep everything."""
    if not days:
        return 0
    session, until = unit.session, unit.now - timedelta(days=days)
    store.begin_follower(session, TRIMMING, 0, unit.now)
    store.take_back(session, TRIMMING, unit.now)
    standing, slowest = store.follower_standing(session, TRIMMING), slowest_follower(session)
    rows = store.log_rows(session, standing.serial if standing is not None else 0, BATCH)
    old = [
        row
        for row in takewhile(lambda row: row.at < until, rows)
        if slowest is None or row.serial <= slowest
    ]
    if old:
        forget_superseded(session, {(row.type, row.id): row.serial for row in old})
        forget_superseded_embargoed(session, old[-1].serial)
        store.move_follower(session, TRIMMING, old[-1].serial, unit.now)
    return len(old)


def forget(unit: UnitOfWork, name: str) -> None:
    """Let nobody wait for a follower that there is no more."""
    forget_follower(unit.session, name)
