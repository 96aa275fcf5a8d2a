"""Count the stories that entitlements include."""

from collections.abc import Iterable
from datetime import datetime

from app.access.entitlement import Entitlement
from app.delivery.store import story_queries
from app.delivery.story_query import StoryQuery
from app.kit.sql.session import ReadSession


def count_included(
    session: ReadSession, entitlements: Iterable[Entitlement], now: datetime
) -> list[int]:
    """Return how many stories each of some entitlements includes; the session has a snapshot."""
    queries = [
        StoryQuery(entitlement=entitlement, count="exact", counts_all=True)
        for entitlement in entitlements
    ]
    return [story_queries.count_stories(session, query, now).number for query in queries]
