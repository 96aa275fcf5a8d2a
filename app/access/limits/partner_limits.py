"""What an agreement limits."""

from typing import NamedTuple


class PartnerLimits(NamedTuple):
    """The limits of a partner; None means that the agreement has no such limit."""

    requests_per_minute: int | None = None
    stories_per_day: int | None = None
    stories_per_month: int | None = None


NO_LIMITS = PartnerLimits()
