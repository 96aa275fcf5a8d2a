"""Follow the log in runs.

A run ends where the log ended when the run began, and reports each thing once, at its last row. The
visibility rule and the document as of now decide whether a client can have a story; both may be
newer than the run. So a client may have had a story that is gone now, if the story was in its
selection at any moment of the run. Then it gets a tombstone.

Clients that are entitled to stories under embargo read two logs as one.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from app.delivery import store
from app.delivery.store import MergedChange, merged_log
from app.delivery.store.entries import EntryType
from app.delivery.store.story_queries import StoryRow
from app.syndication.sync.entries import SerializedChange, build_tombstone, build_upsert
from app.syndication.sync.subscriber_view import SubscriberView
from app.syndication.sync.sync_state import EmbargoedProgress, LogProgress, Progress


def read_log(
    view: SubscriberView, progress: LogProgress, limit: int
) -> tuple[list[SerializedChange], Progress]:
    """Return the next entries of the log; a finished run is followed by the next one."""
    if progress.is_finished:
        embargoed = EmbargoedProgress(
            progress.embargoed.sent, view.embargoed_end, progress.embargoed.sent
        )
        progress = LogProgress(progress.sent, view.head.position, progress.sent, embargoed)
    rows = _load_rows(view, progress, limit + 1)
    part = rows[:limit]
    entries = list(_build_entries(view, part, progress))
    if len(rows) > limit:
        return entries, progress.after_row(part[-1].serial, max(row.held for row in part))
    return entries, progress.after_all()


def _load_rows(view: SubscriberView, progress: LogProgress, limit: int) -> Sequence[MergedChange]:
    if not view.embargoed:
        return store.load_last_of_each(view.session, progress.sent, progress.until.serial, limit)
    (public, _), (embargoed_end, _) = progress.log_ends
    after = progress.sent, progress.embargoed.sent
    return merged_log.load_last_of_each_merged(view.session, after, (public, embargoed_end), limit)


def _build_entries(
    view: SubscriberView, rows: Sequence[MergedChange], progress: LogProgress
) -> Iterator[SerializedChange]:
    ids = [row.id for row in rows if row.type == "article"]
    found = view.find_stories(ids)
    possible = _find_possible(view, progress, [id_ for id_ in ids if id_ not in found])
    for row in rows:
        if row.type != "article":
            yield _build_taxonomy_entry(view, row, row.type)
        elif row.id in found:
            yield _build_appearance(view, row, found[row.id])
        elif row.id in possible:
            yield _build_removal(view, row)


def _find_possible(view: SubscriberView, progress: LogProgress, ids: Sequence[str]) -> set[str]:
    """Return the stories that the client could have had at some moment of the run."""
    (public, _), (embargoed_end, _) = progress.log_ends
    before = store.load_attributes_before(view.session, progress.since, public, ids)
    if view.embargoed:
        early = merged_log.load_embargoed_before(
            view.session, progress.embargoed.since, embargoed_end, ids
        )
        before = chain(before, early)
    return {id_ for id_, attributes in before if view.matches(attributes)}


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
