"""Leader election: one process of many does the background work.

With SQLite the leader holds a file lock, which the kernel releases when the process ends. On
PostgreSQL it holds a lease: a row with a number (a fencing token) and an expiry by the database's
clock. A new leader increments the number, and every transaction of a leader checks its number
first, so a leader that was partitioned or suspended cannot write any more.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from typing import Protocol
from uuid import uuid4

from sqlalchemy import BigInteger, String, Update, cast, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.errors import Failure, LeadershipLost
from app.kit.sql.schema import Base, key
from app.kit.sql.session import WriteSession

# Seconds: between two attempts to acquire or renew; of a lease, by the database's clock; for which
# the holder relies on it, counted from before the request; and after which the server ends an idle
# transaction of a leader, since no other process can lead before it ends.
ASK_EVERY = 1.0
_LEASE, _CERTAIN, _IDLE = 8.0, 6.0, 5.0
_WORKER = "worker"
# CLOCK_BOOTTIME includes suspend; not every system has it.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Lease(Base):
    """A lease that expires at an instant, in microseconds since 1970.

    `number` increases with every new holder.
    """

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(key(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(36))
    number: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)


class Leadership(Protocol):
    """The right to do the background work."""

    def try_acquire(self) -> bool:
        """Acquire or renew it if possible; return whether this process has it."""
        ...

    def release(self) -> None:
        """Release it."""
        ...

    @property
    def term(self) -> int | None:
        """Return a number for this period of leadership; None while others may lead."""
        ...

    def is_current(self, session: WriteSession, term: int) -> bool:
        """Tell whether a term is current, and stays so until the transaction ends."""
        ...


_leading: ContextVar[tuple[Leadership, int] | None] = ContextVar("leading", default=None)


@contextmanager
def as_leader(leadership: Leadership) -> Iterator[None]:
    """Work as the leader: reads, writes and requests raise `LeadershipLost` if it is lost."""
    term = leadership.term
    if term is None:
        raise LeadershipLost(_LOST)
    token = _leading.set((leadership, term))
    try:
        yield
    finally:
        _leading.reset(token)


def check_leadership() -> None:
    """Raise `LeadershipLost` if this thread works as a leader whose term has ended."""
    found = _leading.get()
    if found is not None and found[0].term != found[1]:
        raise LeadershipLost(_LOST)


def check_leadership_in(session: WriteSession) -> None:
    """Raise `LeadershipLost` likewise; otherwise the term lasts until the transaction ends."""
    found = _leading.get()
    if found is not None and not found[0].is_current(session, found[1]):
        raise LeadershipLost(_LOST)


_LOST = "Another process does the background work now."


class FileLeadership:
    """A lock on a file beside the database."""

    def __init__(self, database: str) -> None:
        """Name the file after the database."""
        self._path = f"{database}.leader"
        self._file: int | None = None

    def try_acquire(self) -> bool:
        """Acquire the lock if it is free; return whether this process has it."""
        if self._file is not None:
            return True
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            # A read-only folder: there is no background work either.
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Release the lock."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @property
    def term(self) -> int | None:
        """Return the file descriptor; the lock cannot be lost."""
        return self._file

    def is_current(self, session: WriteSession, term: int) -> bool:
        """Tell whether the lock is held."""
        return self._file == term


class LeaseLeadership:
    """A lease in a row of PostgreSQL."""

    def __init__(self, write: Callable[[], AbstractContextManager[WriteSession]]) -> None:
        """Use transactions that `write` opens."""
        self._write = write
        self._holder = str(uuid4())
        self._number: int | None = None
        self._certain_until = 0.0

    def try_acquire(self) -> bool:
        """Renew the lease, or acquire an expired one; return whether this process has it.

        Raises a `Failure` if the database does not answer; the lease stays valid for a while.
        """
        asked_at = time.clock_gettime(_CLOCK)
        with self._write() as session:
            number = self._renew(session) or self._take_over(session)
        self._number, self._certain_until = number, asked_at + _CERTAIN
        return number is not None

    def release(self) -> None:
        """Expire the lease now; if the database does not answer, it expires later."""
        number, self._number = self._number, None
        if number is not None:
            with suppress(Failure), self._write() as session:
                session.execute(self._update_own(number).values(expires_at=0))

    @property
    def term(self) -> int | None:
        """Return the number of the lease while no other process can have it."""
        return self._number if time.clock_gettime(_CLOCK) < self._certain_until else None

    def is_current(self, session: WriteSession, term: int) -> bool:
        """Tell whether the row has this number; lock it until the transaction ends."""
        idle = func.set_config("idle_in_transaction_session_timeout", f"{_IDLE:g}s", True)
        # FOR KEY SHARE blocks a takeover, which locks the row, and not a renewal.
        try_acquire = select(Lease.number, idle).where(
            Lease.name == _WORKER, Lease.holder == self._holder, Lease.number == term
        )
        return bool(session.scalars(try_acquire.with_for_update(read=True, key_share=True)))

    def _renew(self, session: WriteSession) -> int | None:
        if self._number is None:
            return None
        renewed = session.execute(
            self._update_own(self._number).values(expires_at=_NOW + _LEASE_MICROS)
        )
        return self._number if renewed else None

    def _take_over(self, session: WriteSession) -> int | None:
        # SKIP LOCKED: a running transaction of the last leader holds the lease.
        ended = select(Lease.number).where(Lease.name == _WORKER, Lease.expires_at < _NOW)
        number: int | None = session.scalar(ended.with_for_update(skip_locked=True))
        if number is None:
            return None
        session.execute(
            update(Lease)
            .where(Lease.name == _WORKER)
            .values(number=number + 1, holder=self._holder, expires_at=_NOW + _LEASE_MICROS)
        )
        return number + 1

    def _update_own(self, number: int) -> Update:
        return update(Lease).where(
            Lease.name == _WORKER, Lease.holder == self._holder, Lease.number == number
        )


_NOW = cast(func.extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)
_LEASE_MICROS = int(_LEASE * 1_000_000)
