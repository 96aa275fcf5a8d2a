"""What time did: stories that came out or expired, told to the log.

Readers see the right thing with or without this, because the visibility rule knows the time.
Followers of the log hear of it here.
"""

from collections.abc import Callable
from typing import Any

from app.delivery import store
from app.delivery.siblings import groups_in, sibling_rows
from app.delivery.withdrawing import keep_traces
from app.kit.unit import Unit

BATCH = 500


def tell_due(unit: Unit) -> int:
    """Release documents whose time has come; return how many there were (at most a batch)."""
    ids = [row.id for row in store.due_documents(unit.session, unit.now, BATCH)]
    attributes = store.attributes(unit.session, ids)
    store.release_documents(unit.session, ids)
    # What stood where one of them was before.
    store.replace_tombstones(unit.session, ids, [])
    return _tell(unit, ids, lambda id_: _row(unit, id_, attributes[id_], "published"))


def tell_expired(unit: Unit) -> int:
    """Take documents away whose time is over; return how many there were (at most a batch)."""
    ids = [row.id for row in store.expired_documents(unit.session, unit.now, BATCH)]
    attributes = store.attributes(unit.session, ids)
    store.remove_documents(unit.session, ids)
    out = [id_ for id_ in ids if attributes[id_].released]
    read = {id_: old for id_, old in attributes.items() if old.is_offered(unit.now)}
    # What expired under embargo only some have read.
    keep_traces(unit, {id_: old for id_, old in read.items() if not old.is_out(unit.now)})
    # Whoever has the address of one finds it when it comes back under another.
    slugs = [{"type": "article", "slug": old.slug, "id": id_} for id_, old in read.items()]
    store.add_redirects(unit.session, slugs)
    _tell(unit, out, lambda id_: _row(unit, id_, attributes[id_], "expired"))
    return len(ids)


def _tell(unit: Unit, ids: list[str], row: Callable[[str], dict[str, Any]]) -> int:
    rows = [row(id_) for id_ in ids]
    store.append(unit.session, rows + sibling_rows(unit, groups_in(rows), ids))
    return len(ids)


def _row(unit: Unit, id_: str, old: store.Attributes, reason: str) -> dict[str, Any]:
    gone = reason == "expired"
    return {
        "at": unit.now,
        "type": "article",
        "id": id_,
        "op": "remove" if gone else "upsert",
        "reason": reason,
        "version": old.version,
        "before": old.values if gone else None,
        "after": None if gone else old.values,
    }
