"""What the errors of database drivers mean, as failures of ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.kit.errors import (
    ConstraintViolated,
    DatabaseBusy,
    DatabaseReadOnly,
    DatabaseUnavailable,
    Failure,
    ReadTooLong,
)
from app.kit.sql.connection_errors import NO_SPACE, is_full
from app.kit.sql.session import BROKEN


@contextmanager
def translated_failures() -> Iterator[None]:
    """Raise what a driver raises as a failure of ours."""
    try:
        yield
    except BROKEN as wrong:
        raise ConstraintViolated("Somebody else changed the same thing at once.") from wrong
    except PoolTimeout as wrong:
        raise DatabaseBusy("Every connection to the database is in use.") from wrong
    except (DataError, sqlite3.DataError, psycopg.DataError):
        # A value that the database cannot take should not have come this far: a fault of ours.
        raise
    except DBAPIError as wrong:
        raise _translated(wrong.orig) from wrong
    except (sqlite3.Error, psycopg.Error) as wrong:
        raise _translated(wrong) from wrong


_READ_ONLY = ("readonly database", "read-only transaction", "during recovery")
# A statement that was prepared is gone from the server where it was told so from elsewhere.
_BUSY = ("database is locked", "lock timeout", "prepared statement", "cached plan")
_TOO_LONG = ("interrupted", "statement timeout", "user request")
# Two units of work stood in each other's way; one of them is to be done again.
_CONTENDED = ("deadlock detected", "could not serialize")


def _translated(wrong: BaseException | None) -> Failure:
    """Say in our own words what a driver said in its; its words may hold secrets."""
    message = str(wrong)
    if any(words in message for words in _READ_ONLY):
        return DatabaseReadOnly(
            "The database is read-only, as a standby is, so nothing can be changed."
        )
    if any(words in message for words in _CONTENDED):
        return ConstraintViolated("Somebody else changed the same things at once.")
    if any(words in message for words in _TOO_LONG):
        return ReadTooLong("The database took too long to find this. Ask for less at once.")
    if any(words in message for words in _BUSY):
        return DatabaseBusy("The database is busy. Try again shortly.")
    return DatabaseUnavailable(_unavailable(wrong, message))


def _unavailable(wrong: BaseException | None, message: str) -> str:
    if is_full(message):
        return NO_SPACE
    if "no such table" in message or "does not exist" in message:
        return "The database has no Dateline schema. Run `dateline migrate`."
    return f"The database does not answer ({type(wrong).__name__})."
