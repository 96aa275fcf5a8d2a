"""Follow the log in runs.

A run ends where the log ended when the run began, and reports each thing once, at its last row. The
visibility rule and the document as of now decide whether a client can have a story; both may be
newer than the run. So a client may have had a story that is gone now, if the story was in its
selection at any moment of the run. Then it gets a tombstone.

Clients that are entitled to stories under embargo read two logs as one. For clients with timed
grants, a run has also an end in time, and stories that crossed a boundary follow the rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.delivery import store
from app.delivery.store import MergedChange, merged_log
from app.delivery.store.entries import EntryType
from app.delivery.store.story_queries import StoryRow
from app.kit.clock import from_micros
from app.syndication.sync.entries import SerializedChange, build_tombstone, build_upsert
from app.syndication.sync.subscriber_view import SubscriberView
from app.syndication.sync.sync_state import LogProgress, Progress
from app.syndication.sync.timed_entries import read_time


def read_log(
    view: SubscriberView, progress: LogProgress, limit: int
) -> tuple[list[SerializedChange], Progress]:
    """Return the next entries of the log; a finished run is followed by the next one."""
    if progress.is_finished:
        progress = progress.start_run(view.ends)
    rows = [] if progress.has_sent_rows else _load_rows(view, progress, limit + 1)
    part = rows[:limit]
    entries = list(_build_entries(view, part, progress))
    if len(rows) > limit:
        return entries, progress.after_row(part[-1].serial, max(row.held for row in part))
    progress = progress.after_rows()
    timed, time = read_time(view, progress, limit - len(part))
    return entries + timed, replace(progress, time=time)


def _load_rows(view: SubscriberView, progress: LogProgress, limit: int) -> Sequence[MergedChange]:
    if not view.embargoed:
        return store.load_last_of_each(view.session, progress.sent, progress.until.serial, limit)
    (public, _), (embargoed_end, _) = progress.log_ends
    after = progress.sent, progress.embargoed.sent
    return merged_log.load_last_of_each_merged(view.session, after, (public, embargoed_end), limit)


def _build_entries(
    view: SubscriberView, rows: Sequence[MergedChange], progress: LogProgress
) -> Iterator[SerializedChange]:
    stories = [row for row in rows if row.type == "article"]
    found = view.find_stories([row.id for row in stories])
    missing = [row for row in stories if row.id not in found]
    possible = _find_possible(view, progress, missing)
    for row in rows:
        if row.type != "article":
            if view.reads_taxonomy:
                yield _build_taxonomy_entry(view, row, row.type)
        elif row.id in found:
            yield _build_appearance(view, row, found[row.id])
        elif row.id in possible:
            yield _build_removal(view, row)


def _find_possible(
    view: SubscriberView, progress: LogProgress, rows: Sequence[MergedChange]
) -> set[str]:
    """Return the stories that the client could have had at some moment of the run."""
    (public, _), (embargoed_end, _) = progress.log_ends
    ids = [row.id for row in rows]
    # A copy that is too old for a grant may still be there, so that removals ignore the depth.
    removed = {row.id for row in rows if row.op == "remove"}
    since = from_micros(progress.time.since)
    possible = {
        had.id
        for had in store.load_attributes_before(view.session, progress.since, public, ids)
        if view.could_have(had, None if had.id in removed else since)
    }
    if view.embargoed:
        early = merged_log.load_embargoed_before(
            view.session, progress.embargoed.since, embargoed_end, ids
        )
        possible |= {
            had.id
            for had in early
            if view.could_have(had, None if had.id in removed else since, embargoed=True)
        }
    return possible


def _build_appearance(view: SubscriberView, row: MergedChange, found: StoryRow) -> SerializedChange:
    return build_upsert(
        "article",
        row.id,
        view.build_document(found),
        serial=row.serial,
        # Withdrawn and restored: the row of its return is further on in the log.
        reason=row.reason if row.op == "upsert" else "restored",
        at=row.at,
        embargoed=row.held,
    )


def _build_removal(view: SubscriberView, row: MergedChange) -> SerializedChange:
    is_removed = row.op == "remove"
    return build_tombstone(
        "article",
        row.id,
        serial=row.serial,
        reason=row.reason if is_removed else "left",
        at=row.at,
        notice=row.notice if is_removed else None,
        embargoed=row.held,
    )


def _build_taxonomy_entry(
    view: SubscriberView, row: MergedChange, type_: EntryType
) -> SerializedChange:
    entry, at = view.directory.entries[type_].get(row.id), row.at
    if entry is None:
        return build_tombstone(type_, row.id, serial=row.serial, reason="deleted", at=at)
    return build_upsert(type_, entry.id, (entry.whole,), serial=row.serial, reason="updated", at=at)
