"""Following the log: from where a follower stood, in batches, to where the log ends.

A batch is handed over before the position moves on, so a crash in between repeats and never
loses. No transaction is open meanwhile. Whoever is handed a batch has to bear it twice.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from app.delivery import store
from app.kit.clock import Clock
from app.kit.sql.database import Database
from app.kit.sql.session import WriteSession

BATCH = 500


class Follower:
    """Something that is told of each change, under a name that its position is kept under."""

    def __init__(self, database: Database, clock: Clock, name: str, *, batch: int = BATCH) -> None:
        """Follow the log of a database, so many rows at a time."""
        self._batch = batch
        self._database = database
        self._clock = clock
        self._name = name
        self._position: int | None = None

    def follow(self, take: Callable[[Sequence[store.Change]], bool]) -> bool:
        """Hand over what is new, until there is no more or a batch is not taken; tell which."""
        while rows := self._new():
            if not take(rows):
                return False
            with self._database.write() as session:
                store.move_follower(session, self._name, rows[-1].serial, self._clock.now())
            if len(rows) < self._batch:
                break
        return True

    def carry(self, write: Callable[[WriteSession, Sequence[store.Change]], None]) -> None:
        """Write down what is made of each batch in the transaction that moves the position on.

        So what is made is made once, whatever is killed in between.
        """
        while rows := self._new():
            before, now = self._position or 0, self._clock.now()
            with self._database.write() as session:
                if not store.take_over(session, self._name, before, rows[-1].serial, now):
                    # Another process was faster; its rows are there already.
                    return
                write(session, rows)
            if len(rows) < self._batch:
                return

    def lag(self) -> int:
        """Return how many serials the log has gone on since."""
        with self._database.read() as session:
            standing = store.follower_standing(session, self._name)
        return standing.end - standing.serial if standing is not None else 0

    def waits_since(self) -> datetime | None:
        """Return the instant of the first change that it has not been told of."""
        with self._database.read() as session:
            standing = store.follower_standing(session, self._name)
            rows = () if standing is None else store.log_rows(session, standing.serial, 1)
        return rows[0].at if rows else None

    def _new(self) -> Sequence[store.Change]:
        with self._database.read() as session:
            standing = store.follower_standing(session, self._name)
            self._position = standing.serial if standing is not None else None
            if standing is not None and standing.serial <= standing.end:
                return store.log_rows(session, standing.serial, self._batch)
        # What was before it came is none of its business. A log that ends before its position has
        # lost rows.
        with self._database.write() as session:
            store.start_follower(session, self._name, self._clock.now())
            store.take_back(session, self._name, self._clock.now())
        return ()
