"""Append the changes of a transaction: to the change log, and to the log of embargoed changes.

An `EmbargoedChange` is for readers with embargo access. It has its own log, because a gap in the
serials of the public log would reveal it.

For these readers, translations under embargo are ordinary translations. So if a group has one,
every change in the group is logged there for all its stories. A story whose last change is in the
public log is therefore the same for all readers.
"""

from collections.abc import Collection, Sequence

from app.delivery import store
from app.delivery.rows import seen_otherwise
from app.delivery.siblings import groups_in
from app.delivery.store import Change, EmbargoedChange
from app.kit.unit import Unit


def for_embargoed(row: Change) -> EmbargoedChange:
    """Convert a change into one for readers with embargo access only."""
    return EmbargoedChange(*row)


def tell(unit: Unit, rows: Sequence[Change], alone: Collection[str] = ()) -> None:
    """Append changes to their logs; no lock may be taken after this.

    `alone` are new stories that cannot have translations yet.
    """
    public: list[Change] = []
    tied: list[Change] = []
    held: list[Change] = []
    for row in rows:
        if isinstance(row, EmbargoedChange):
            held.append(row)
            continue
        public.append(row)
        if row.id not in alone:
            tied.append(row)
    store.append(unit.session, public)
    if tied or held:
        store.append_embargoed(unit.session, held + _siblings(unit, tied, held))


def _siblings(unit: Unit, public: Sequence[Change], held: Sequence[Change]) -> list[Change]:
    """Return the rows of all stories in groups that have, or had, a story under embargo."""
    changed, others = groups_in(held), groups_in(public)
    if not changed | others:
        return []
    if not public:
        # Of two stories that change at the same time, the later one must see the earlier.
        store.lock_log(unit.session)
    groups = changed | store.embargoed_groups(unit.session, others - changed, unit.now)
    own = {row.id for row in held}
    offered = store.offered_of_groups(unit.session, groups, unit.now)
    known = store.attributes(unit.session, [id_ for id_ in offered if id_ not in own])
    reasons = {row.id: row.reason for row in public if row.op == "upsert"}
    return [
        seen_otherwise(unit, id_, story, reason=reasons.get(id_, "updated"))
        for id_, story in sorted(known.items())
    ]
