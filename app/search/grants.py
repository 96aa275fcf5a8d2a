"""Convert the entitlement of a reader to the grants that an index evaluates."""

from dataclasses import replace
from datetime import datetime, timedelta

from app.access.entitlement import Entitlement, Grant
from app.access.selection import TimeRange
from app.kit.clock import MICROSECOND
from app.search.index import ALL_STORIES, Grants, IndexGrant

_NO_DELAY = timedelta()


def to_index_grants(entitlement: Entitlement, now: datetime) -> Grants:
    """Return the grants of an entitlement with their windows at an instant.

    Only a view for readers with an embargoed grant has stories under embargo. So without such a
    grant, a window needs no end unless there is a delay, and the engine has one filter less.
    """
    grants = dict.fromkeys(
        IndexGrant(
            replace(grant.selection, published=_find_window(grant, now, entitlement)), grant.form
        )
        for grant in entitlement.grants
    )
    # A grant for everything in full form leaves nothing to other grants.
    return ALL_STORIES if IndexGrant() in grants else tuple(grants)


def _find_window(grant: Grant, now: datetime, entitlement: Entitlement) -> TimeRange:
    """Return when the stories of a grant were published."""
    is_open = grant.embargoed or (grant.delay == _NO_DELAY and not entitlement.embargoed)
    start = None if grant.depth is None else now - grant.depth
    return TimeRange(start, None if is_open else now - grant.delay + MICROSECOND)
