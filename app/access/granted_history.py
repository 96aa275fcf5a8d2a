"""What a reader could have had before a change."""

from datetime import datetime, timedelta

from app.access.entitlement import Entitlement, Grant
from app.access.selection import SelectionFields
from app.kit.clock import parse_instant

# A row is committed some time after its own, and the clocks of nodes differ. So a reader could have
# read a story that became due for it so long after the row.
_COMMIT_TIME = timedelta(seconds=30)


def could_have(
    entitlement: Entitlement,
    attributes: SelectionFields,
    at: datetime,
    kept_since: datetime | None = None,
    *,
    embargoed: bool = False,
) -> bool:
    """Tell whether a reader could have a story with these attributes before a change at an instant.

    It does not count if the story was too old for its grant before `kept_since`, if that is given.
    `embargoed` means that only readers with embargo access could have it.
    """
    return any(
        _could_grant(grant, attributes, at, kept_since)
        for grant in entitlement.grants
        if grant.embargoed or not embargoed
    )


def _could_grant(
    grant: Grant, attributes: SelectionFields, at: datetime, kept_since: datetime | None = None
) -> bool:
    """Tell whether a grant could include a public story before a change; see `could_have`."""
    published_at = parse_instant(attributes["published_at"])
    # Of a story that was withdrawn before the change, nothing became due since.
    until = parse_instant(attributes["withdrawn_at"]) if "withdrawn_at" in attributes else at
    waits = (
        grant.delay and not grant.embargoed and published_at > until + _COMMIT_TIME - grant.delay
    )
    has_left = (
        kept_since is not None
        and grant.depth is not None
        and published_at < kept_since - grant.depth
    )
    return not waits and not has_left and grant.selection.matches(attributes)
