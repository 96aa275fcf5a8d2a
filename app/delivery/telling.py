"""What a transaction tells: the log of everybody, and the one of what is under embargo.

An `EmbargoedChange` is for those who read what is under embargo. It goes to a log of
its own, because a serial that moved, or one that is left out, would tell everybody else.

To its readers a story's translations under embargo are translations like others. So where a group
has one, whatever changes in the group is told there of all its stories. A story of which the
change log was the last to tell is thus the same for everybody.
"""

from collections.abc import Collection, Sequence

from app.delivery import store
from app.delivery.rows import seen_otherwise
from app.delivery.siblings import groups_in
from app.delivery.store import Change, EmbargoedChange
from app.kit.sql.unit_of_work import UnitOfWork


def for_embargoed(row: Change) -> EmbargoedChange:
    """Return a row as it is told to those alone who read what is under embargo."""
    return EmbargoedChange(*row)


def tell(unit: UnitOfWork, rows: Sequence[Change], alone: Collection[str] = ()) -> None:
    """Append rows to their logs; nothing may be locked after this.

    `alone` are new stories to which no other can be tied yet.
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


def _siblings(unit: UnitOfWork, public: Sequence[Change], held: Sequence[Change]) -> list[Change]:
    """Return the rows of all stories in groups that have, or had, one under embargo."""
    changed, others = groups_in(held), groups_in(public)
    if not changed | others:
        return []
    if not public:
        # Of two stories that change at once the later one sees the earlier.
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
