"""Failures that a caller sees, and their base class."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """An error in a field; `pointer` is an RFC 6901 pointer with `#`."""

    pointer: str
    code: str
    detail: str


class Failure(Exception):
    """A refusal. Each subclass has a code from the closed list of problem codes."""

    code: ClassVar[str] = "internal"

    def __init__(self, detail: str, *, errors: Iterable[FieldError] = ()) -> None:
        """Store the sentence for the caller and the errors of fields."""
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class InvalidInput(Failure):
    """The input is well-formed but not valid; `errors` names each field."""

    code = "invalid_input"

    @classmethod
    def at(cls, pointer: str, code: str, detail: str) -> "InvalidInput":
        """Return a failure with an error of one field."""
        return cls(detail, errors=[FieldError(pointer, code, detail)])


class BadParameter(Failure):
    """A parameter of the query string is unknown or malformed."""

    code = "bad_parameter"


class BadCursor(Failure):
    """A cursor was altered, or belongs to another query."""

    code = "bad_cursor"


class DatabaseBusy(Failure):
    """The database was locked for longer than the timeout."""

    code = "database_busy"


class ReadTooLong(Failure):
    """A public read exceeded its time limit."""

    code = "read_too_long"


class DatabaseReadOnly(Failure):
    """The database cannot be written to."""

    code = "database_read_only"


class DatabaseUnavailable(Failure):
    """The database is missing, unreachable or broken."""

    code = "database_unavailable"


class DatabaseBehind(Failure):
    """This version cannot run on the database schema, which is too old, too new, or foreign."""

    code = "database_behind"


class ConstraintViolated(Failure):
    """A write violated a constraint, usually because of a concurrent write."""

    code = "conflict"


class RateLimited(Failure):
    """A client exceeded its rate limit; `seconds` is how long it has to wait."""

    code = "rate_limited"

    def __init__(self, detail: str, seconds: int) -> None:
        """Store the sentence, and the seconds until the next attempt is allowed."""
        super().__init__(detail)
        self.seconds = seconds


class LeadershipLost(Failure):
    """Another process is the leader now, or may be."""


class Misconfigured(Failure):
    """A setting is wrong; the detail says how to correct it."""

    code = "misconfigured"
