"""What a reader could have had before a change, by the row of the log about the change."""

from datetime import datetime, timedelta

from app.access.entitlement import Grant
from app.delivery.store import FormerAttributes
from app.kit.clock import parse_instant

# A row is committed some time after its own, and the clocks of nodes differ. So a reader could have
# read a story that became due for it so long after the row.
_COMMIT_TIME = timedelta(seconds=30)


def could_grant(grant: Grant, had: FormerAttributes, kept_since: datetime | None) -> bool:
    """Tell whether a grant could include a public story before a change.

    It does not count if the story was too old before `kept_since`, if that is given.
    """
    published_at = parse_instant(had.attributes["published_at"])
    latest = had.at + _COMMIT_TIME - grant.delay
    waits = grant.delay and not grant.embargoed and published_at > latest
    has_left = (
        kept_since is not None
        and grant.depth is not None
        and published_at < kept_since - grant.depth
    )
    return not waits and not has_left and grant.selection.matches(had.attributes)
