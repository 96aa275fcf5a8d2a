"""What time did: stories that came out or expired, told to the log.

Readers see the right thing with or without this, because the visibility rule knows the time.
Followers of the log hear of it here.
"""

from collections.abc import Sequence

from app.delivery import store
from app.delivery.siblings import groups_in, sibling_rows
from app.delivery.telling import for_embargoed, tell
from app.delivery.withdrawing import keep_traces
from app.kit.sql.unit_of_work import UnitOfWork

BATCH = 500


def tell_due(unit: UnitOfWork) -> int:
    """Release documents whose time has come; return how many there were (at most a batch)."""
    ids = store.due_documents(unit.session, unit.now, BATCH)
    attributes = store.attributes(unit.session, ids)
    store.release_documents(unit.session, ids)
    # What stood where one of them was before.
    store.replace_tombstones(unit.session, ids, [])
    _tell(unit, [_row(unit, id_, attributes[id_], "published") for id_ in ids])
    return len(ids)


def tell_offered(unit: UnitOfWork) -> int:
    """Tell those who read what is under embargo of stories that time has offered to them."""
    ids = store.newly_offered(unit.session, unit.now, BATCH)
    attributes = store.attributes(unit.session, ids)
    rows = [_row(unit, id_, attributes[id_], "published") for id_ in ids]
    tell(unit, [for_embargoed(row) for row in rows])
    return len(ids)


def tell_expired(unit: UnitOfWork) -> int:
    """Take documents away whose time is over; return how many there were (at most a batch)."""
    ids = store.expired_documents(unit.session, unit.now, BATCH)
    attributes = store.attributes(unit.session, ids)
    store.remove_documents(unit.session, ids)
    out = [id_ for id_ in ids if attributes[id_].released]
    read = {id_: old for id_, old in attributes.items() if old.is_offered(unit.now)}
    # What expired under embargo only some have read.
    keep_traces(unit, {id_: old for id_, old in read.items() if not old.is_out(unit.now)})
    # Whoever has the address of one finds it when it comes back under another.
    slugs = [store.RedirectRow("article", old.slug, id_) for id_, old in read.items()]
    store.add_redirects(unit.session, slugs)
    rows = {id_: _row(unit, id_, attributes[id_], "expired") for id_ in ids}
    held = [id_ for id_ in ids if id_ not in out and attributes[id_].is_offered(unit.now)]
    _tell(unit, [rows[id_] for id_ in out], [for_embargoed(rows[id_]) for id_ in held])
    return len(ids)


def _tell(unit: UnitOfWork, rows: list[store.Change], held: Sequence[store.Change] = ()) -> None:
    siblings = sibling_rows(unit, groups_in(rows), [row.id for row in rows])
    tell(unit, [*rows, *siblings, *held])


def _row(unit: UnitOfWork, id_: str, old: store.Attributes, reason: str) -> store.Change:
    gone = reason == "expired"
    return store.Change(
        unit.now,
        "article",
        id_,
        "remove" if gone else "upsert",
        reason,
        old.version,
        before=old.values if gone else None,
        after=None if gone else old.values,
    )
