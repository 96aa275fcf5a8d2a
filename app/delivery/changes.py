"""Build the log rows of a transaction, and append them to both logs.

A document shows the visible translations of its story, joined at read time. If a translation
comes, goes, or changes its slug, language or group, the documents of the others change too, so
each of them gets a log row.

An `EmbargoedChange` is for readers with embargo access. It has its own log, because a gap in the
serials of the public log would reveal it. For these readers, translations under embargo are
ordinary translations. So if a group has one, every change in the group is logged there for all its
stories. A story whose last change is in the public log is therefore the same for all readers.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from app.access.selection import SelectionFields
from app.delivery import store
from app.delivery.store import Change, EmbargoedChange
from app.kit.sql.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class EmbargoedChanges:
    """Changes that only readers with embargo access see, without those of translations."""

    rows: tuple[Change, ...]


def to_embargoed_change(row: Change) -> EmbargoedChange:
    """Convert a change into one for readers with embargo access only."""
    return EmbargoedChange(*row)


def append_changes(
    unit: UnitOfWork, rows: Sequence[Change], unlinked: Collection[str] = ()
) -> None:
    """Append changes to their logs; no lock may be taken after this.

    `unlinked` are new stories that cannot have translations yet.
    """
    public: list[Change] = []
    tied: list[Change] = []
    held: list[Change] = []
    for row in rows:
        if isinstance(row, EmbargoedChange):
            held.append(row)
            continue
        public.append(row)
        if row.id not in unlinked:
            tied.append(row)
    store.append_to_log(unit.session, public)
    if tied or held:
        store.append_embargoed(unit.session, held + _build_embargoed_updates(unit, tied, held))
    if held:
        unit.events.append(EmbargoedChanges(tuple(held)))


def _build_embargoed_updates(
    unit: UnitOfWork, public: Sequence[Change], held: Sequence[Change]
) -> list[Change]:
    """Return the rows of all stories in groups that have, or had, a story under embargo."""
    changed, others = find_groups(held), find_groups(public)
    if not changed | others:
        return []
    if not public:
        # Of two stories that change at the same time, the later one must see the earlier.
        store.lock_log(unit.session)
    groups = changed | store.find_embargoed_groups(unit.session, others - changed, unit.now)
    own = {row.id for row in held}
    offered = store.find_offered_in_groups(unit.session, groups, unit.now)
    known = store.load_attributes(unit.session, [id_ for id_ in offered if id_ not in own])
    reasons = {row.id: row.reason for row in public if row.op == "upsert"}
    return [
        build_update(unit, id_, story, reason=reasons.get(id_, "updated"))
        for id_, story in sorted(known.items())
    ]


def build_update(
    unit: UnitOfWork,
    id_: str,
    story: store.Attributes,
    *,
    changed: SelectionFields | None = None,
    reason: str = "updated",
) -> store.Change:
    """Build the row for a story; `changed` has new values for some of its attributes."""
    after = story.values if changed is None else story.values | changed
    return store.Change(
        unit.now, "article", id_, "upsert", reason, story.version, before=story.values, after=after
    )


def describe_translation(slug: str, attributes: SelectionFields) -> tuple[str, str, str]:
    """Return what translations show of a story: its slug, language and group."""
    (group,) = attributes["group"]
    # A damaged document without terms has no language.
    language = attributes["language"][-1] if attributes["language"] else ""
    return slug, language, group


def find_groups(rows: Iterable[store.Change]) -> set[str]:
    """Return the translation groups of the stories in log rows."""
    both = (attributes for row in rows for attributes in (row.before, row.after))
    return {group for attributes in both if attributes for group in attributes.get("group", ())}


def build_translation_updates(
    unit: UnitOfWork, groups: Collection[str], excluded: Collection[str]
) -> list[store.Change]:
    """Build a row for each public story of these groups except some that have their own rows.

    The log is locked first, so that of two stories which come out at the same time the later one
    sees the earlier. Stories that are due but not released yet get their rows when they are.
    """
    if not groups:
        return []
    store.lock_log(unit.session)
    ids = [
        id_ for id_ in store.find_released_in_groups(unit.session, groups) if id_ not in excluded
    ]
    known = store.load_attributes(unit.session, ids)
    return [build_update(unit, id_, known[id_]) for id_ in ids]
