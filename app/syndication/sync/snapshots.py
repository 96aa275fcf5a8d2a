"""A snapshot in pages: sources, categories, then stories by publication date.

No transaction stays open between pages. The log position is noted at the beginning; changes during
the snapshot are in the log after it, which is read next, so nothing is missed.
"""

from dataclasses import replace

from app.delivery.store.story_queries import StoryRow
from app.kit.clock import from_micros
from app.syndication.sync.entries import SerializedChange, build_taxonomy_upsert, build_upsert
from app.syndication.sync.subscriber_view import SubscriberView
from app.syndication.sync.sync_state import Progress, SnapshotProgress, Stage

_NEXT: dict[Stage, Stage] = {"source": "category", "category": "article"}


def read_snapshot(
    view: SubscriberView, progress: SnapshotProgress, limit: int
) -> tuple[list[SerializedChange], Progress]:
    """Return the next page of a snapshot."""
    if progress.stage == "article":
        return _read_stories(view, progress, limit)
    known = view.directory.entries[progress.stage].values() if view.reads_taxonomy else ()
    remaining = [entry for entry in known if entry.slug > progress.slug]
    part = remaining[:limit]
    entries = [
        build_taxonomy_upsert(progress.stage, entry, serial=progress.start.serial, at=view.head.now)
        for entry in part
    ]
    if len(remaining) > limit:
        return entries, replace(progress, slug=part[-1].slug)
    return entries, replace(progress, stage=_NEXT[progress.stage], slug="")


def _read_stories(
    view: SubscriberView, progress: SnapshotProgress, limit: int
) -> tuple[list[SerializedChange], Progress]:
    rows = view.load_page(progress.position, limit)
    part = rows[:limit]
    entries = [_build_story_entry(view, row, progress.start.serial) for row in part]
    if len(rows) > limit:
        return entries, replace(progress, position=(part[-1].place, part[-1].id))
    return entries, progress.to_log_progress()


def _build_story_entry(view: SubscriberView, row: StoryRow, serial: int) -> SerializedChange:
    at = from_micros(row.place)
    if view.embargoed:
        # No entry is dated in the future; a story under embargo is offered before its publication.
        at = min(at, view.head.now)
    return build_upsert(
        "article", row.id, view.build_document(row), serial=serial, reason="published", at=at
    )
