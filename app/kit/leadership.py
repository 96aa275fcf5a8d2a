"""One process of many does the background work: whoever holds the lock.

The lock belongs to a process (a file lock beside an SQLite database) or to a connection (an
advisory lock of PostgreSQL), so a leader that is killed gives it up by dying.
"""

import fcntl
import os
from typing import Any, Protocol

import psycopg

from app.kit.postgres import Server

# One for all of Dateline's processes on a PostgreSQL database: "dateline" and a number.
_LEADER = 0x646174656C696E01


class Leadership(Protocol):
    """The right to do the background work."""

    def held(self) -> bool:
        """Tell whether this process has it, taking it if nobody else does."""
        ...

    def release(self) -> None:
        """Give it up."""
        ...


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


class PostgresLeadership:
    """An advisory lock on a connection of its own."""

    def __init__(self, server: Server) -> None:
        """Connect when the lock is first asked for."""
        self._server = server
        self._connection: psycopg.Connection[Any] | None = None
        self._leads = False

    def held(self) -> bool:
        """Tell whether this process has the lock; a lost connection is a lost lock."""
        try:
            return self._tried()
        except psycopg.Error:
            self.release()
            return False

    def release(self) -> None:
        """Give the lock up, with the connection that holds it."""
        self._leads = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _tried(self) -> bool:
        if self._connection is None:
            self._connection = self._server.connect()
            self._connection.autocommit = True
        statement = "SELECT 1" if self._leads else f"SELECT pg_try_advisory_lock({_LEADER})"
        row = self._connection.execute(statement).fetchone()
        self._leads = self._leads or bool(row and row[0])
        return self._leads
