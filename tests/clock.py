"""A clock that tests set."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class HandClock:
    """A clock that stays at one instant until it is moved."""

    def __init__(self, start: datetime = START) -> None:
        self.moment = start

    def now(self) -> datetime:
        """Return the instant of the clock."""
        return self.moment

    def advance(self, **by: float) -> None:
        """Move the clock forward or back by a number of seconds, minutes, hours and so on."""
        self.moment += timedelta(**by)
