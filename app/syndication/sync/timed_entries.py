"""Entries that time alone causes: stories that enter or leave timed grants.

Time writes no rows. A story crosses a boundary some time after its publication (see
`grant_boundaries`), and is sent again if that changes its form for the client, or the translations
in it. A story with a row in the same run is not sent again: its entry was built later than all
boundaries of the run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from app.access.entitlement import Grant
from app.access.selection import SelectionFields
from app.delivery import store
from app.delivery.store import merged_log
from app.delivery.store.grant_boundaries import load_crossings
from app.delivery.store.story_queries import ShortRow, StoryRow
from app.delivery.story_query import ListPosition
from app.kit import json
from app.kit.clock import from_micros, parse_instant, to_micros
from app.syndication.sync.entries import SerializedChange, build_tombstone, build_upsert
from app.syndication.sync.subscriber_view import SubscriberView
from app.syndication.sync.sync_state import LogProgress, TimeProgress

# The attributes of the stories of a translation group, by id.
_Group = Mapping[str, SelectionFields]


class _Step(NamedTuple):
    """A boundary that a story crosses `at` an instant, for the story `id` of its `group`.

    `id` is the story itself, or a translation, whose document shows it.
    """

    at: int
    story: str
    id: str
    group: _Group

    @property
    def position(self) -> ListPosition:
        """Return the position of this step in the order of steps."""
        return self.at, f"{self.story} {self.id}"


class _Form(NamedTuple):
    """The form of a story."""

    has_body: bool
    has_images: bool


def read_time(
    view: SubscriberView, progress: LogProgress, limit: int
) -> tuple[list[SerializedChange], TimeProgress]:
    """Return the next entries about stories that crossed a boundary, for at most `limit` stories.

    All rows of the run must have been sent.
    """
    time = progress.time
    if time.is_finished:
        return [], time
    steps = _load_steps(view, time, limit + 1)
    part = steps[:limit]
    entries = list(_build_entries(view, part, progress))
    if len(steps) <= limit:
        return entries, time.after_all()
    return entries, replace(time, sent=part[-1].position) if part else time


def _load_steps(view: SubscriberView, time: TimeProgress, limit: int) -> list[_Step]:
    """Return the next steps of a run, and at least `limit` of them if there are so many."""
    at, ids = time.sent
    story, _, id_ = ids.partition(" ")
    # The first crossing may be finished.
    crossings = load_crossings(
        view.session, view.entitlement.offsets, (at, story), time.until, limit + 1
    )
    groups = _load_groups(view, [crossing.id for crossing in crossings])
    steps = [
        _Step(*crossing, member, groups[crossing.id])
        for crossing in crossings
        for member in sorted(groups[crossing.id])
    ]
    return [step for step in steps if step[:3] > (at, story, id_)]


def _build_entries(
    view: SubscriberView, steps: Sequence[_Step], progress: LogProgress
) -> Iterator[SerializedChange]:
    last = {
        step.id: step
        for step in steps
        # Later boundaries of the run follow, with the entry.
        if _list_crossings(view, step.group, progress.time)[-1] == (step.at, step.story)
    }
    ids = sorted(last.keys() - _find_changed(view, progress, list(last)))
    found = view.find_stories(ids)
    for id_, step in last.items():
        if id_ in ids:
            yield from _build_entry(view, step, found.get(id_), progress)


def _build_entry(
    view: SubscriberView, step: _Step, row: StoryRow | None, progress: LogProgress
) -> Iterator[SerializedChange]:
    """Build the entry of a story for a client with `row` now."""
    boundaries = {at for at, _ in _list_crossings(view, step.group, progress.time)}
    # Just before each boundary. At the start of the run, the story may not have been published.
    history = [_find_forms(view, step.group, from_micros(at - 1)) for at in sorted(boundaries)]
    had = [forms.get(step.id) for forms in history]
    at, serial = from_micros(step.at), progress.until.serial
    if row is not None:
        form = _describe_form(view.entitlement.grants[row.grant])
        is_other = any(before != form for before in had)
        if is_other or (form.has_body and _has_other_translations(row, history)):
            yield build_upsert(
                "article",
                step.id,
                view.build_document(row),
                serial=serial,
                reason="updated" if any(had) else "published",
                at=at,
                crossing=step.position,
            )
    elif any(had) and view.selection.matches(step.group[step.id]):
        yield build_tombstone(
            "article", step.id, serial=serial, reason="left", at=at, crossing=step.position
        )


def _load_groups(view: SubscriberView, ids: Sequence[str]) -> dict[str, _Group]:
    """Return the group of each story, by id."""
    own = store.load_attributes(view.session, ids)
    names = {id_: story.values["group"][0] for id_, story in own.items()}
    groups: dict[str, dict[str, SelectionFields]] = {name: {} for name in names.values()}
    for id_, story in store.load_groups(view.session, list(groups)).items():
        groups[story.values["group"][0]][id_] = story.values
    return {id_: groups[name] for id_, name in names.items()}


def _list_crossings(
    view: SubscriberView, group: _Group, time: TimeProgress
) -> list[tuple[int, str]]:
    """Return when the stories of a group cross boundaries of the run, in order."""
    crossings = (
        (to_micros(parse_instant(story["published_at"]) + offset), id_)
        for id_, story in group.items()
        for offset in view.entitlement.offsets
    )
    return sorted(crossing for crossing in crossings if time.since < crossing[0] <= time.until)


def _find_forms(view: SubscriberView, group: _Group, now: datetime) -> dict[str, _Form]:
    """Return the forms in which the grants include the stories of a group at an instant."""
    grants = {id_: view.entitlement.find_grant(story, now) for id_, story in group.items()}
    return {id_: _describe_form(grant) for id_, grant in grants.items() if grant is not None}


def _describe_form(grant: Grant) -> _Form:
    """Return what the form of a story depends on."""
    return _Form(grant.form == "full", grant.images)


def _has_other_translations(row: StoryRow, history: Sequence[Mapping[str, _Form]]) -> bool:
    """Tell whether a story has other translations now than it could have had."""
    if isinstance(row, ShortRow):
        return False
    shown = {translation["id"] for translation in json.loads(row.translations or "[]")}
    return any(forms.keys() - {row.id} != shown for forms in history)


def _find_changed(view: SubscriberView, progress: LogProgress, ids: Sequence[str]) -> set[str]:
    """Return the stories, of those given, with a row in the run."""
    (public, _), (embargoed_end, _) = progress.log_ends
    changed = store.find_changed(view.session, progress.since, public, ids)
    if view.embargoed:
        changed |= merged_log.find_embargoed_changed(
            view.session, progress.embargoed.since, embargoed_end, ids
        )
    return changed
