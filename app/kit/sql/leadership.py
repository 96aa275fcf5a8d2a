"""One process of many does the background work: whoever holds a lock, or a lease.

Beside an SQLite file it is a lock on a file, which the kernel takes back from a process that ends.
On PostgreSQL it is a lease: a row with a number and an end, by the database's clock. Whoever takes
it over raises the number, and every transaction of a leader checks its number first, so one that
was cut off, or stood still, writes nothing after that.
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

# Seconds: between two times at which leaders and others ask; until a lease ends by the database's
# clock; until its holder, who counts from before it asked, does not rely on it any more; and for
# which a transaction of a leader may do nothing, since nobody else leads before it ends.
ASK_EVERY = 1.0
_LEASE, _CERTAIN, _IDLE = 8.0, 6.0, 5.0
_WORKER = "worker"
# It goes on while a machine sleeps, where there is one that does.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Lease(Base):
    """The right to do some work until an instant, in microseconds since 1970.

    `number` rises whenever it changes hands.
    """

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(key(40), primary_key=True)
    holder: Mapped[str] = mapped_column(String(36))
    number: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)


class Leadership(Protocol):
    """The right to do the background work."""

    def held(self) -> bool:
        """Tell whether this process has it, taking it if nobody else does."""
        ...

    def release(self) -> None:
        """Give it up."""
        ...

    @property
    def term(self) -> int | None:
        """Return what tells this time of leading from others; nothing while others may lead."""
        ...

    def is_current(self, session: WriteSession, term: int) -> bool:
        """Tell whether a term goes on, and until the transaction ends."""
        ...


_leading: ContextVar[tuple[Leadership, int] | None] = ContextVar("leading", default=None)


@contextmanager
def leading(leadership: Leadership) -> Iterator[None]:
    """Work as the leader: what this thread reads, writes and sends raises where it is not."""
    term = leadership.term
    if term is None:
        raise LeadershipLost(_LOST)
    token = _leading.set((leadership, term))
    try:
        yield
    finally:
        _leading.reset(token)


def check_leading() -> None:
    """Raise `LeadershipLost` if this thread works as the leader, and may be it no more."""
    found = _leading.get()
    if found is not None and found[0].term != found[1]:
        raise LeadershipLost(_LOST)


def check_leading_in(session: WriteSession) -> None:
    """Raise it the same way; otherwise nobody else leads before the transaction ends."""
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

    def held(self) -> bool:
        """Tell whether this process has the lock, taking it if nobody else does."""
        if self._file is not None:
            return True
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            # A folder that cannot be written to: then nothing is there to be done either.
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Give the lock up."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    @property
    def term(self) -> int | None:
        """Return the number of the file; nobody takes the lock away."""
        return self._file

    def is_current(self, session: WriteSession, term: int) -> bool:
        """Tell whether the lock is held."""
        return self._file == term


class LeaseLeadership:
    """A lease in a row of PostgreSQL."""

    def __init__(self, write: Callable[[], AbstractContextManager[WriteSession]]) -> None:
        """Ask for it in transactions that `write` opens."""
        self._write = write
        self._holder = str(uuid4())
        self._number: int | None = None
        self._certain_until = 0.0

    def held(self) -> bool:
        """Tell whether this process has the lease, renewing it, or taking it where it ended.

        Raises a `Failure` where the database does not answer; the lease goes on for a while then.
        """
        asked_at = time.clock_gettime(_CLOCK)
        with self._write() as session:
            number = self._renewed(session) or self._taken(session)
        self._number, self._certain_until = number, asked_at + _CERTAIN
        return number is not None

    def release(self) -> None:
        """Let the lease end now; it ends by itself where the database does not answer."""
        number, self._number = self._number, None
        if number is not None:
            with suppress(Failure), self._write() as session:
                session.execute(self._own(number).values(expires_at=0))

    @property
    def term(self) -> int | None:
        """Return the lease's number while it is certain that nobody else has it."""
        return self._number if time.clock_gettime(_CLOCK) < self._certain_until else None

    def is_current(self, session: WriteSession, term: int) -> bool:
        """Tell whether the row has this number; it keeps it until the transaction ends."""
        idle = func.set_config("idle_in_transaction_session_timeout", f"{_IDLE:g}s", True)
        # A renewal changes no key, so it does not wait for this, and a takeover does.
        held = select(Lease.number, idle).where(
            Lease.name == _WORKER, Lease.holder == self._holder, Lease.number == term
        )
        return bool(session.scalars(held.with_for_update(read=True, key_share=True)))

    def _renewed(self, session: WriteSession) -> int | None:
        if self._number is None:
            return None
        renewed = session.execute(self._own(self._number).values(expires_at=_NOW + _MICROS))
        return self._number if renewed else None

    def _taken(self, session: WriteSession) -> int | None:
        # Where a transaction of the last leader goes on, it is as if the lease did.
        ended = select(Lease.number).where(Lease.name == _WORKER, Lease.expires_at < _NOW)
        number: int | None = session.scalar(ended.with_for_update(skip_locked=True))
        if number is None:
            return None
        session.execute(
            update(Lease)
            .where(Lease.name == _WORKER)
            .values(number=number + 1, holder=self._holder, expires_at=_NOW + _MICROS)
        )
        return number + 1

    def _own(self, number: int) -> Update:
        return update(Lease).where(
            Lease.name == _WORKER, Lease.holder == self._holder, Lease.number == number
        )


_NOW = cast(func.extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)
_MICROS = int(_LEASE * 1_000_000)
