"""The last use of each key: noted in memory, and written at intervals, so that no answer waits."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.access import store
from app.access.caller import Caller
from app.access.keys import USE_INTERVAL
from app.access.store import KeyUse
from app.kit.clock import Clock
from app.kit.sql.database import Database

# How often a process writes the uses.
WRITE_INTERVAL = timedelta(seconds=10)
_MOST_IN_TRANSACTION = 2_000


class KeyUses:
    """The uses that one process has noted since the last write; one for each key."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Write to a database."""
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._noted: dict[str, KeyUse] = {}
        self._written_at: datetime | None = None

    def note(self, caller: Caller, address: str | None, now: datetime) -> Caller:
        """Note a use of a caller's key, unless one was just noted; return the caller with its time.

        A caller that was read from the database may not know of a use that is not written yet.
        """
        assert caller.key_id is not None
        with self._lock:
            noted = self._noted.get(caller.key_id)
            if noted is None or now - noted.at >= USE_INTERVAL:
                noted = self._noted[caller.key_id] = KeyUse(caller.key_id, now, address)
        return replace(caller, use_noted_at=noted.at)

    def write_if_due(self) -> None:
        """Write the uses if the interval has passed."""
        now, last = self._clock.now(), self._written_at
        # If the clock was set back, do not wait longer.
        if last is None or not last <= now < last + WRITE_INTERVAL:
            self.write()

    def write(self) -> None:
        """Write everything, in several transactions; keep what could not be written."""
        with self._lock:
            noted = list(self._noted.values())
        self._written_at = self._clock.now()
        for start in range(0, len(noted), _MOST_IN_TRANSACTION):
            self._write(noted[start : start + _MOST_IN_TRANSACTION])

    def _write(self, uses: Sequence[KeyUse]) -> None:
        with self._database.write(changes_rights=False) as session:
            store.record_key_uses(session, uses)
        with self._lock:
            for use in uses:
                if self._noted[use.key_id] is use:
                    del self._noted[use.key_id]
