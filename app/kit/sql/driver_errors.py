"""Translation of driver errors to failures."""

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
from app.kit.sql.session import INTEGRITY_ERRORS


@contextmanager
def translate_driver_errors() -> Iterator[None]:
    """Translate the errors of drivers in this block to failures."""
    try:
        yield
    except INTEGRITY_ERRORS as error:
        raise ConstraintViolated("Somebody else changed the same thing at once.") from error
    except PoolTimeout as error:
        raise DatabaseBusy("Every connection to the database is in use.") from error
    except (DataError, sqlite3.DataError, psycopg.DataError):
        # An invalid value should have been rejected before: this is a bug, so it is not translated.
        raise
    except DBAPIError as error:
        raise _translate(error.orig) from error
    except (sqlite3.Error, psycopg.Error) as error:
        raise _translate(error) from error


_READ_ONLY = ("readonly database", "read-only transaction", "during recovery")
# The last two: a pooler or DISCARD ALL removed a prepared statement.
_BUSY = ("database is locked", "lock timeout", "prepared statement", "cached plan")
_TOO_LONG = ("interrupted", "statement timeout", "user request")
# Two transactions conflict; one of them has to be retried.
_CONTENDED = ("deadlock detected", "could not serialize")


def _translate(error: BaseException | None) -> Failure:
    """Return a failure with a message of our own; a driver's message may contain secrets."""
    message = str(error)
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
    return DatabaseUnavailable(_describe_unavailable(error, message))


def _describe_unavailable(error: BaseException | None, message: str) -> str:
    if is_full(message):
        return NO_SPACE
    if "no such table" in message or "does not exist" in message:
        return "The database has no Dateline schema. Run `dateline migrate`."
    return f"The database does not answer ({type(error).__name__})."
