"""Archive queries for sitemaps and feeds: months with stories, and recent withdrawals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.access.entitlement import PUBLIC, Entitlement
from app.access.granted_history import could_have
from app.access.selection import Selection
from app.delivery.store import archive as store
from app.delivery.store.archive import Month
from app.kit.sql.database import Database
from app.kit.sql.sqlite_readers import lift_time_limit

# A feed client that polls less often starts again, and needs no more than the latest withdrawals.
_REMEMBERED = timedelta(days=30)
_MOST_WITHDRAWN = 200


@dataclass(frozen=True, slots=True)
class StoryWithdrawal:
    """A withdrawn story: when and why it was withdrawn, and the notice to its readers."""

    id: str
    at: datetime
    reason: str
    notice: str | None
    version: int


class Archive:
    """Archive queries that are too expensive to run for every request."""

    def __init__(self, database: Database) -> None:
        """Query a database."""
        self._database = database

    def list_withdrawals(
        self,
        selection: Selection,
        now: datetime,
        upto: int,
        entitlement: Entitlement = PUBLIC,
    ) -> list[StoryWithdrawal]:
        """Return the recent withdrawals in a selection, newest first, each story once.

        A withdrawal is listed if the story was in the selection and granted before, so only clients
        that could have read the story learn of it.
        """
        with self._database.read() as session:
            rows = store.find_withdrawals(session, now, now - _REMEMBERED, upto, _MOST_WITHDRAWN)
        found: dict[str, StoryWithdrawal] = {}
        for row in rows:
            granted = could_have(entitlement, row.before, row.at)
            if row.id not in found and granted and selection.matches(row.before):
                found[row.id] = StoryWithdrawal(row.id, row.at, row.reason, row.notice, row.version)
        return list(found.values())

    def list_months(self, now: datetime, entitlement: Entitlement = PUBLIC) -> Sequence[Month]:
        """Return the months in which visible stories were published, oldest first."""
        with lift_time_limit(), self._database.read() as session:
            return store.count_months(session, now, entitlement)
