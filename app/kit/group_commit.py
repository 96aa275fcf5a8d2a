"""Group commit: writers that wait for SQLite's one place are committed together.

A commit costs much the same whether it holds one change or several, and several that follow each
other touch many of the same pages. So whoever writes runs the work of those who wait as well, each
in a part of the transaction that is undone by itself where it is refused, and wakes them once all
of it is committed. Nobody is told of success before that.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.kit.errors import DatabaseBusy, Failure
from app.kit.session import WriteSession

Result = TypeVar("Result")
Work = Callable[[WriteSession], Result]
Opens = Callable[[], AbstractContextManager[WriteSession]]

# Those who came first wait for those who joined: no more of them, and no longer, than this.
_MOST_JOINED = 15
_LONGEST_SECONDS = 0.05


@dataclass(slots=True, eq=False)
class _Job:
    """Work that waits, and what became of it."""

    work: Work[Any]
    woken: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    alone: bool = False
    result: Any = None
    failure: Failure | None = None

    def outcome(self) -> Any:
        if self.failure is not None:
            raise self.failure
        return self.result


class GroupCommit:
    """Runs work in transactions, one at a time; what waits meanwhile may share the next."""

    def __init__(self, opens: Opens, patience: float) -> None:
        """Open transactions with `opens`; wait at most `patience` seconds for a turn."""
        self._opens = opens
        self._patience = patience
        self._guard = threading.Lock()
        self._waiting: deque[_Job] = deque()
        self._led = False

    def run(self, work: Work[Result]) -> Result:
        """Return what work returns, once it is committed; what it raises leaves no trace.

        Work is run on the thread of whoever writes, and again by itself where the transaction
        that it shared failed as a whole.
        """
        job = _Job(work)
        with self._guard:
            job.leads, self._led = not self._led, True
            if not job.leads:
                self._waiting.append(job)
        if not job.leads:
            self._wait(job)
        if job.leads:
            return self._lead(work)
        if job.alone:
            return self._alone(work)
        result: Result = job.outcome()
        return result

    def _wait(self, job: _Job) -> None:
        """Wait until somebody has run a job, or leaves the lead to it."""
        if job.woken.wait(self._patience):
            return
        with self._guard:
            given_up = job in self._waiting
            if given_up:
                self._waiting.remove(job)
        if given_up:
            raise DatabaseBusy("Other writers keep the database busy. Try again shortly.")
        job.woken.wait()

    def _lead(self, work: Work[Result]) -> Result:
        joined: list[_Job] = []
        try:
            with ExitStack() as lead:
                lead.callback(self._hand_over)
                with self._opens() as session:
                    result = work(session)
                    self._run_waiting(session, joined)
                    # The next one gets ready while this is committed.
                    lead.close()
        except Exception:
            _wake(joined, alone=True)
            if not joined:
                raise
            # What failed is somebody else's, or the commit of all: each tries for itself.
            return self._alone(work)
        except BaseException:
            _wake(joined, alone=True)
            raise
        _wake(joined, alone=False)
        return result

    def _alone(self, work: Work[Result]) -> Result:
        with self._opens() as session:
            return work(session)

    def _run_waiting(self, session: WriteSession, joined: list[_Job]) -> None:
        """Run the work of those who wait, each in a part that is undone where it is refused."""
        until = time.monotonic() + _LONGEST_SECONDS
        while len(joined) < _MOST_JOINED and time.monotonic() < until:
            job = self._next()
            if job is None:
                return
            joined.append(job)
            session.found.clear()
            try:
                with session.attempt():
                    job.result = job.work(session)
            except Failure as failure:
                job.failure = failure

    def _next(self) -> _Job | None:
        with self._guard:
            return self._waiting.popleft() if self._waiting else None

    def _hand_over(self) -> None:
        """Let the first of those who wait lead, or whoever comes next."""
        with self._guard:
            if not self._waiting:
                self._led = False
                return
            job = self._waiting.popleft()
            job.leads = True
        job.woken.set()


def _wake(jobs: Iterable[_Job], *, alone: bool) -> None:
    """Tell jobs that what they did is committed, or that each has to be run by itself."""
    for job in jobs:
        job.alone = alone
        job.woken.set()
