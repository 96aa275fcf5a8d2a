"""Entries that time alone causes: stories that enter or leave timed grants.

Time writes no rows. A story crosses a boundary some time after its publication (see
`grant_boundaries`), and is sent again if that changes its form for the client. A story with a row
in the same run is not sent again: its entry was built later than all boundaries of the run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.access.entitlement import Grant
from app.access.selection import SelectionFields
from app.delivery import store
from app.delivery.store import merged_log
from app.delivery.store.grant_boundaries import Crossing, load_crossings
from app.delivery.store.story_queries import StoryRow
from app.kit.clock import MICROSECOND, from_micros
from app.syndication.sync.entries import SerializedChange, build_tombstone, build_upsert
from app.syndication.sync.subscriber_view import SubscriberView
from app.syndication.sync.sync_state import LogProgress, TimeProgress


def read_time(
    view: SubscriberView, progress: LogProgress, limit: int
) -> tuple[list[SerializedChange], TimeProgress]:
    """Return the next entries about stories that crossed a boundary, for at most `limit` stories.

    All rows of the run must have been sent.
    """
    time = progress.time
    if time.is_finished:
        return [], time
    offsets = view.entitlement.offsets
    crossings = load_crossings(view.session, offsets, time.sent, time.until, limit + 1)
    part = crossings[:limit]
    entries = list(_build_entries(view, part, progress))
    if len(crossings) <= limit:
        return entries, time.after_all()
    return entries, replace(time, sent=part[-1].position) if part else time


def _build_entries(
    view: SubscriberView, crossings: Sequence[Crossing], progress: LogProgress
) -> Iterator[SerializedChange]:
    last = {
        crossing.id: crossing
        for crossing in crossings
        if _list_crossed(view, crossing, progress.time)[-1] == crossing.at
    }
    ids = sorted(last.keys() - _find_changed(view, progress, list(last)))
    found = view.find_stories(ids)
    # A story that was deleted since has a row in a later run.
    stories = store.load_attributes(view.session, ids)
    for crossing in last.values():
        story = stories.get(crossing.id)
        if story is not None:
            had = _list_grants_before(view, crossing, story.values, progress.time)
            row = found.get(crossing.id)
            yield from _build_entry(view, crossing, story.values, had, row, progress.until.serial)


def _build_entry(
    view: SubscriberView,
    crossing: Crossing,
    attributes: SelectionFields,
    had: Sequence[Grant | None],
    row: StoryRow | None,
    serial: int,
) -> Iterator[SerializedChange]:
    """Build the entry of a story for a client with `row` now; the client could have had grants."""
    at, position = from_micros(crossing.at), crossing.position
    if row is not None:
        form = _describe_form(view.entitlement.grants[row.grant])
        if any(_describe_form(grant) != form for grant in had):
            reason = "updated" if any(had) else "published"
            yield build_upsert(
                "article",
                crossing.id,
                view.build_document(row),
                serial=serial,
                reason=reason,
                at=at,
                crossing=position,
            )
    elif any(had) and view.selection.matches(attributes):
        yield build_tombstone(
            "article", crossing.id, serial=serial, reason="left", at=at, crossing=position
        )


def _list_crossed(view: SubscriberView, crossing: Crossing, time: TimeProgress) -> list[int]:
    """Return the boundaries of the run that a story crosses, in order."""
    all_ = (crossing.published_at + lag // MICROSECOND for lag in view.entitlement.offsets)
    return [at for at in all_ if time.since < at <= time.until]


def _list_grants_before(
    view: SubscriberView, crossing: Crossing, attributes: SelectionFields, time: TimeProgress
) -> list[Grant | None]:
    """Return the grants of a story at the start of the run, and between its boundaries.

    The last entries of the run before were built some time after its end.
    """
    *earlier, _ = _list_crossed(view, crossing, time)
    find = view.entitlement.find_grant
    return [find(attributes, from_micros(at)) for at in (time.since, *earlier)]


def _describe_form(grant: Grant | None) -> tuple[str, bool] | None:
    """Return what the form of a story depends on."""
    return None if grant is None else (grant.form, grant.images)


def _find_changed(view: SubscriberView, progress: LogProgress, ids: Sequence[str]) -> set[str]:
    """Return the stories, of those given, with a row in the run."""
    (public, _), (embargoed_end, _) = progress.log_ends
    changed = store.find_changed(view.session, progress.since, public, ids)
    if view.embargoed:
        changed |= merged_log.find_embargoed_changed(
            view.session, progress.embargoed.since, embargoed_end, ids
        )
    return changed
