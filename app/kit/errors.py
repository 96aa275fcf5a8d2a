"""The root of all failures that a caller can be told about."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with one field; `pointer` is an RFC 6901 pointer with `#`."""

    pointer: str
    code: str
    detail: str


class Failure(Exception):
    """Something was refused. Each subclass names a code of the closed list of problems."""

    code: ClassVar[str] = "internal"

    def __init__(self, detail: str, *, errors: Iterable[FieldError] = ()) -> None:
        """Keep the sentence for the caller and the fields that are to blame."""
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class InvalidInput(Failure):
    """The input was understood and is not acceptable; `errors` names each field."""

    code = "invalid_input"

    @classmethod
    def at(cls, pointer: str, code: str, detail: str) -> "InvalidInput":
        """Blame one field."""
        return cls(detail, errors=[FieldError(pointer, code, detail)])


class BadParameter(Failure):
    """A parameter of the query string is unknown or malformed."""

    code = "bad_parameter"


class BadCursor(Failure):
    """A cursor was altered, or belongs to another query."""

    code = "bad_cursor"


class DatabaseBusy(Failure):
    """The database is locked by others for longer than the time allowed."""

    code = "database_busy"


class ReadTooLong(Failure):
    """A public read took longer than a read may."""

    code = "read_too_long"


class DatabaseReadOnly(Failure):
    """The database cannot be written to."""

    code = "database_read_only"


class DatabaseUnavailable(Failure):
    """The database is missing, unreachable or broken."""

    code = "database_unavailable"


class DatabaseBehind(Failure):
    """The database's schema is not the one that this version needs."""

    code = "database_behind"


class ConstraintViolated(Failure):
    """A row broke a rule of the database: somebody else was faster."""

    code = "conflict"


class RateLimited(Failure):
    """A client asked more often than it may; `seconds` is how long it has to wait."""

    code = "rate_limited"

    def __init__(self, detail: str, seconds: int) -> None:
        """Keep the sentence, and how many seconds have to pass before the next attempt."""
        super().__init__(detail)
        self.seconds = seconds


class LeadershipLost(Failure):
    """Another process does the background work, or may do it, by now."""


class Misconfigured(Failure):
    """A setting is wrong; the detail says how to mend it."""

    code = "misconfigured"
