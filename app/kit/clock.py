"""Time as Dateline keeps it: aware UTC instants with millisecond precision."""

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
    """Where the present comes from; tests move it by hand."""

    def now(self) -> datetime:
        """Return the present as an aware UTC instant, cut to milliseconds."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC, cut to milliseconds."""
        # A third of the time that cutting a datetime takes.
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)


def parse_instant(text: str) -> datetime:
    """Read an RFC 3339 instant into UTC; raise `ValueError` for anything else.

    Digits of a fraction beyond microseconds are cut off. A leap second becomes the last
    microsecond before it.
    """
    if not _RFC3339.fullmatch(text):
        raise ValueError("expected an instant such as 2026-01-12T10:00:00Z")
    text = text.upper().replace(" ", "T")
    text = _FRACTION.sub(lambda found: "." + found.group(1)[:6].ljust(6, "0"), text)
    leap = text[17:19] == "60"
    try:
        moment = datetime.fromisoformat(text[:17] + "59" + text[19:] if leap else text)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as wrong:
        raise ValueError(f"no such instant: {wrong}") from wrong
    return moment.replace(microsecond=999_999) if leap else moment


def parse_instant_or_date(text: str) -> datetime:
    """Read an RFC 3339 instant, or a date that stands for its first moment in UTC."""
    if _DATE.fullmatch(text):
        day = date.fromisoformat(text)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    return parse_instant(text)


def format_instant(moment: datetime) -> str:
    """Write an instant as RFC 3339 in UTC with `Z`; a fraction only where there is one."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # Without the offset, which is +00:00.
    text = moment.isoformat()[:-6]
    if "." in text:
        text = text.rstrip("0")
    return text + "Z"


def to_micros(moment: datetime) -> int:
    """Return microseconds since 1970-01-01T00:00:00Z, negative before it."""
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the instant that lies so many microseconds after 1970-01-01T00:00:00Z."""
    return EPOCH + timedelta(microseconds=micros)
