"""The loops: what is due, and what need not be kept any longer."""

import logging
import threading
from collections.abc import Callable

from app.access.idempotency import forget_outdated
from app.bootstrap import Services
from app.delivery.due import BATCH, tell_due, tell_expired
from app.kit.errors import Failure
from app.kit.unit import Actor, Unit

_log = logging.getLogger("dateline.worker")
_ACTOR = Actor(None, "worker")
_TIDY_EVERY = 600


class Worker:
    """One thread that looks at what is due, again and again, until it is stopped.

    Of all processes on a database one does the work; the others wait for it to end.
    """

    def __init__(self, services: Services) -> None:
        """Work on services."""
        self._services = services
        self._leadership = services.database.leadership()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self.run, name="worker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the work in hand."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=30)
        self._leadership.release()

    def run(self) -> None:
        """Work until stopped; a fault is logged and the loop goes on."""
        interval = self._services.settings.worker_interval
        turns = 0
        while not self._stopped.wait(interval):
            if not self._leadership.held():
                continue
            try:
                run_due(self._services)
                if turns % max(1, int(_TIDY_EVERY / interval)) == 0:
                    self._services.runner.run(_ACTOR, forget_outdated)
            except Failure as failure:
                _log.warning("the worker could not go on: %s", failure.detail)
            turns += 1


def run_due(services: Services) -> int:
    """Tell the log all that is due now; return how many stories that were."""
    if not services.delivery.is_due():
        return 0
    return _until_done(services, tell_due) + _until_done(services, tell_expired)


def _until_done(services: Services, tell: Callable[[Unit], int]) -> int:
    total = 0
    while True:
        done = services.runner.run(_ACTOR, tell)
        total += done
        if done < BATCH:
            return total
