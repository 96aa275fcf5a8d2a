"""A snapshot in pages: sources, categories, then stories by publication.

It holds no transaction open between its pages. It notes the log's position at its beginning; what
changes meanwhile is in the log after that position, which is followed next, so nothing is missed.
"""

from dataclasses import replace

from app.delivery.store.story_queries import StoryRow
from app.kit.clock import from_micros
from app.syndication.sync.entries import Entry, present, upsert
from app.syndication.sync.place import Place, Stage, Taking
from app.syndication.sync.sight import Sight

_NEXT: dict[Stage, Stage] = {"source": "category", "category": "article"}


def taken(sight: Sight, place: Taking, limit: int) -> tuple[list[Entry], Place]:
    """Go on with a snapshot."""
    if place.stage == "article":
        return _stories_taken(sight, place, limit)
    known = sight.directory.entries[place.stage].values()
    left = [one for one in known if one.slug > place.slug]
    part = left[:limit]
    entries = [
        present(place.stage, one, serial=place.start.serial, at=sight.head.now) for one in part
    ]
    if len(left) > limit:
        return entries, replace(place, slug=part[-1].slug)
    return entries, replace(place, stage=_NEXT[place.stage], slug="")


def _stories_taken(sight: Sight, place: Taking, limit: int) -> tuple[list[Entry], Place]:
    rows = sight.page(place.position, limit)
    part = rows[:limit]
    entries = [_taken(sight, row, place.start.serial) for row in part]
    if len(rows) > limit:
        return entries, replace(place, position=(part[-1].place, part[-1].id))
    return entries, place.taken()


def _taken(sight: Sight, row: StoryRow, serial: int) -> Entry:
    at = from_micros(row.place)
    if sight.embargoed:
        # Nothing is told of before it is there, and what is under embargo was offered by now.
        at = min(at, sight.head.now)
    return upsert("article", row.id, sight.whole(row), serial=serial, reason="published", at=at)
