"""The archive as formats see it: its months, and what was withdrawn from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.access.selection import Selection
from app.delivery.store import archive as store
from app.delivery.store.archive import Month
from app.kit.sql.database import Database
from app.kit.sql.sqlite_readers import unlimited

# Who looks less often begins anew; more than the latest few, no reader of a feed needs.
_REMEMBERED = timedelta(days=30)
_MOST_WITHDRAWN = 200


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A story that readers may have had, when and why it went, and the notice in its place."""

    id: str
    at: datetime
    reason: str
    notice: str | None
    version: int


class Archive:
    """Reads of the public side that are too long for every reader."""

    def __init__(self, database: Database) -> None:
        """Read from a database."""
        self._database = database

    def withdrawals(self, selection: Selection, now: datetime, upto: int) -> list[Withdrawal]:
        """Return what was withdrawn lately from a selection, newest first, each story once.

        Those alone who could have had a story are told of it: what it was selected by before
        has to be in the selection.
        """
        with self._database.read() as session:
            rows = store.withdrawn(session, now, now - _REMEMBERED, upto, _MOST_WITHDRAWN)
        found: dict[str, Withdrawal] = {}
        for row in rows:
            if row.id not in found and selection.matches(row.before):
                found[row.id] = Withdrawal(row.id, row.at, row.reason, row.notice, row.version)
        return list(found.values())

    def months(self, now: datetime) -> Sequence[Month]:
        """Return the months in which stories were published, oldest first."""
        with unlimited(), self._database.read() as session:
            return store.months(session, now)
