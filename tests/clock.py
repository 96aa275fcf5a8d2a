"""A clock that tests move by hand."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class HandClock:
    """Stands still until it is moved."""

    def __init__(self, start: datetime = START) -> None:
        self.moment = start

    def now(self) -> datetime:
        """Return where the hands stand."""
        return self.moment

    def advance(self, **by: float) -> None:
        """Move on (or back) by so many seconds, minutes, hours …"""
        self.moment += timedelta(**by)
