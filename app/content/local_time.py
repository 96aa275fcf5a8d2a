"""Convert local times to instants.

Most time zones skip an hour once a year, and repeat one. A skipped time does not exist, and a
repeated time is ambiguous, so both are refused.
"""

import re
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from app.kit.clock import format_instant
from app.kit.errors import InvalidInput
from app.kit.quoting import quote_text, shorten

_LOCAL = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?", re.ASCII)


def resolve_local_time(local: str, time_zone: str) -> datetime:
    """Convert a local time to an instant; refuse a time that does not exist or is ambiguous."""
    if time_zone not in _load_zone_names():
        raise _build_unknown_zone(time_zone)
    moment = _parse(local).replace(tzinfo=load_time_zone(time_zone))
    first, second = _to_utc(moment, 0), _to_utc(moment, 1)
    if first == second:
        return first
    back = first.astimezone(moment.tzinfo).replace(tzinfo=None)
    if back != moment.replace(tzinfo=None):
        detail = (
            f"In {time_zone}, clocks were put forward over {shorten(local)}. Give another time."
        )
        raise InvalidInput.at("#/at", "no_such_time", detail)
    either = f"{format_instant(first)} or {format_instant(second)}"
    detail = (
        f"In {time_zone}, {shorten(local)} comes twice. Give the instant that you mean: {either}."
    )
    raise InvalidInput.at("#/at", "ambiguous_time", detail)


def resolve_accepted_time(local: str, time_zone: str) -> datetime:
    """Convert a local time that was accepted before; take the first of two instants."""
    return _to_utc(_parse(local).replace(tzinfo=load_time_zone(time_zone)), 0)


def is_local_time(text: str) -> bool:
    """Tell whether a text is a local time without an offset."""
    return _LOCAL.fullmatch(text) is not None


def load_time_zone(name: str) -> ZoneInfo:
    """Return the time zone with an IANA name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as wrong:
        raise _build_unknown_zone(name) from wrong


@cache
def _load_zone_names() -> frozenset[str]:
    """Return the names of places, without names for the zone of the machine."""
    return frozenset(available_timezones() - {"localtime", "posixrules", "Factory"})


def _build_unknown_zone(name: str) -> InvalidInput:
    detail = (
        f"There is no time zone {quote_text(name)}. Use an IANA name such as Africa/Casablanca."
    )
    return InvalidInput.at("#/time_zone", "bad_time_zone", detail)


def normalize_local_time(local: str) -> str:
    """Return a local time in its normalised form."""
    return _parse(local).isoformat()


def _parse(local: str) -> datetime:
    try:
        return datetime.fromisoformat(local)
    except ValueError as wrong:
        raise InvalidInput.at(
            "#/at", "bad_instant", f"There is no time {shorten(local)}."
        ) from wrong


def _to_utc(moment: datetime, fold: int) -> datetime:
    try:
        return moment.replace(fold=fold).astimezone(UTC)
    except OverflowError as wrong:
        raise InvalidInput.at("#/at", "bad_instant", "That is too far away.") from wrong
