"""The keys of those who listen for hours: looked at again whenever anything was written."""

from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.access.keys import revoked_ids
from app.bootstrap import Services
from app.kit.errors import Failure


class Badges:
    """Knows which keys were revoked, by one query for each version and all listeners."""

    def __init__(self, services: Services) -> None:
        """Know of none yet."""
        self._services = services
        self._version: object = None
        self._revoked: frozenset[str] = frozenset()

    async def look(self, version: object) -> None:
        """Look at the keys as of a version of the database; a revocation is a write."""
        if version == self._version:
            return
        try:
            self._revoked = await run_in_threadpool(revoked_ids, self._services.database)
        except Failure:
            # Where keys cannot be read there are no news either; it is tried again.
            return
        self._version = version

    def is_over(self, caller: Caller) -> bool:
        """Tell whether a caller's key was revoked or has expired."""
        return caller.key_id in self._revoked or caller.has_expired(self._services.clock.now())
