"""Follow the change log in batches, from a stored position to the end of the log.

`LogFollower.follow` processes a batch outside a transaction, and stores the position afterwards. A
crash in between repeats the batch and never loses it, so processing must be idempotent.
`LogFollower.follow_in_transaction` stores results and position in one transaction, so each batch is
processed exactly once.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from app.delivery import store
from app.kit.clock import Clock
from app.kit.sql.database import Database
from app.kit.sql.session import WriteSession

BATCH = 500


class LogFollower:
    """A named follower of the change log; its position is stored under its name."""

    def __init__(self, database: Database, clock: Clock, name: str, *, batch: int = BATCH) -> None:
        """Follow the log of a database in batches of so many rows."""
        self._batch = batch
        self._database = database
        self._clock = clock
        self._name = name
        self._position: int | None = None

    def follow(self, take: Callable[[Sequence[store.Change]], bool]) -> bool:
        """Process new rows until none are left; return false if `take` refuses a batch."""
        while rows := self._load_rows():
            if not take(rows):
                return False
            with self._database.write() as session:
                store.move_follower(session, self._name, rows[-1].serial, self._clock.now())
            if len(rows) < self._batch:
                break
        return True

    def follow_in_transaction(
        self, write: Callable[[WriteSession, Sequence[store.Change]], None]
    ) -> None:
        """Store the result of each batch in the transaction that stores the position.

        So each batch is processed exactly once, even if the process is killed in between.
        """
        while rows := self._load_rows():
            before, now = self._position or 0, self._clock.now()
            with self._database.write() as session:
                if not store.try_move_follower(session, self._name, before, rows[-1].serial, now):
                    # Another process was faster and has written these rows.
                    return
                write(session, rows)
            if len(rows) < self._batch:
                return

    def count_waiting(self) -> int:
        """Return how many serials the position is behind the end of the log."""
        with self._database.read() as session:
            position = store.load_follower_position(session, self._name)
        return position.end - position.serial if position is not None else 0

    def find_oldest_waiting(self) -> datetime | None:
        """Return the time of the oldest change that is not processed yet."""
        with self._database.read() as session:
            position = store.load_follower_position(session, self._name)
            rows = () if position is None else store.load_changes(session, position.serial, 1)
        return rows[0].at if rows else None

    def _load_rows(self) -> Sequence[store.Change]:
        with self._database.read() as session:
            position = store.load_follower_position(session, self._name)
            self._position = position.serial if position is not None else None
            if position is not None and position.serial <= position.end:
                return store.load_changes(session, position.serial, self._batch)
        # A new follower starts at the end of the log. If the log ends before the position, the
        # database has lost rows (a restore or failover), and the follower goes back.
        with self._database.write() as session:
            store.start_follower(session, self._name, self._clock.now())
            store.rewind_follower(session, self._name, self._clock.now())
        return ()
