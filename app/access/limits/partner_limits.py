"""What an agreement limits."""

from typing import NamedTuple


class PartnerLimits(NamedTuple):
    """The limits of a partner; None is no limit by the agreement."""

    requests_per_minute: int | None = None
    stories_per_day: int | None = None
    stories_per_month: int | None = None


NO_LIMITS = PartnerLimits()
