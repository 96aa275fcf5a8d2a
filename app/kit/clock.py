"""Time in Dateline: aware UTC instants with millisecond precision."""

import re
import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# RFC 3339, section 5.6. A space for the "T" and lower case are allowed there by a note.
_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FRACTION = re.compile(r"\.(\d+)")


class Clock(Protocol):
    """The source of the current time; tests replace it."""

    def now(self) -> datetime:
        """Return the current time as an aware UTC instant, truncated to milliseconds."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC, truncated to milliseconds."""
        # Takes a third of the time of truncating a datetime.
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)


def parse_instant(text: str) -> datetime:
    """Parse an RFC 3339 instant and convert it to UTC; raise `ValueError` for anything else.

    Fractions are truncated to microseconds. A leap second becomes the last microsecond before it.
    """
    if not _RFC3339.fullmatch(text):
        raise ValueError("expected an instant such as 2026-01-12T10:00:00Z")
    text = text.upper().replace(" ", "T")
    text = _FRACTION.sub(lambda found: "." + found.group(1)[:6].ljust(6, "0"), text)
    leap = text[17:19] == "60"
    try:
        moment = datetime.fromisoformat(text[:17] + "59" + text[19:] if leap else text)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"no such instant: {error}") from error
    return moment.replace(microsecond=999_999) if leap else moment


def parse_instant_or_date(text: str) -> datetime:
    """Parse an RFC 3339 instant, or a date, which means its first moment in UTC."""
    if _DATE.fullmatch(text):
        day = parse_date(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    return parse_instant(text)


def parse_date(text: str) -> date:
    """Parse a date such as 2026-01-12, and no other form of ISO 8601."""
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def format_instant(moment: datetime) -> str:
    """Format an instant as RFC 3339 in UTC with `Z`, with a fraction only if it has one."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # Remove the offset, which is +00:00.
    text = moment.isoformat()[:-6]
    if "." in text:
        text = text.rstrip("0")
    return text + "Z"


def to_micros(moment: datetime) -> int:
    """Return microseconds since 1970-01-01T00:00:00Z, negative before it."""
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the instant from microseconds since 1970-01-01T00:00:00Z."""
    return EPOCH + timedelta(microseconds=micros)
