"""Log changes that time alone causes: scheduled stories that came out, and stories that expired.

Queries are correct without this, because the visibility rule compares with the current time. It
exists for clients that follow the log.
"""

from collections.abc import Sequence

from app.delivery import store
from app.delivery.changes import (
    append_changes,
    build_translation_updates,
    find_groups,
    to_embargoed_change,
)
from app.delivery.withdrawal import keep_embargoed_tombstones
from app.kit.sql.unit_of_work import UnitOfWork

BATCH = 500


def release_due(unit: UnitOfWork) -> int:
    """Release documents that are due; return how many there were (at most a batch)."""
    ids = store.lock_due_documents(unit.session, unit.now, BATCH)
    attributes = store.load_attributes(unit.session, ids)
    store.release_documents(unit.session, ids)
    # A story that comes back replaces the tombstone of its former version.
    store.replace_tombstones(unit.session, ids, [])
    _append_with_translations(
        unit, [_build_change(unit, id_, attributes[id_], "published") for id_ in ids]
    )
    return len(ids)


def log_offered(unit: UnitOfWork) -> int:
    """Log stories that have become readable under embargo, for readers with embargo access."""
    ids = store.lock_unlogged_offers(unit.session, unit.now, BATCH)
    attributes = store.load_attributes(unit.session, ids)
    rows = [_build_change(unit, id_, attributes[id_], "published") for id_ in ids]
    append_changes(unit, [to_embargoed_change(row) for row in rows])
    return len(ids)


def remove_expired(unit: UnitOfWork) -> int:
    """Remove documents that have expired; return how many there were (at most a batch)."""
    ids = store.lock_expired_documents(unit.session, unit.now, BATCH)
    attributes = store.load_attributes(unit.session, ids)
    store.delete_documents(unit.session, ids)
    out = [id_ for id_ in ids if attributes[id_].released]
    read = {id_: old for id_, old in attributes.items() if old.is_offered(unit.now)}
    # A story that expired under embargo was read only by readers with embargo access.
    keep_embargoed_tombstones(
        unit, {id_: old for id_, old in read.items() if not old.is_public(unit.now)}
    )
    # If the story comes back with another slug, links to this slug lead to it.
    slugs = [store.RedirectRow("article", old.slug, id_) for id_, old in read.items()]
    store.add_redirects(unit.session, slugs)
    rows = {id_: _build_change(unit, id_, attributes[id_], "expired") for id_ in ids}
    held = [id_ for id_ in ids if id_ not in out and attributes[id_].is_offered(unit.now)]
    _append_with_translations(
        unit, [rows[id_] for id_ in out], [to_embargoed_change(rows[id_]) for id_ in held]
    )
    return len(ids)


def _append_with_translations(
    unit: UnitOfWork, rows: list[store.Change], held: Sequence[store.Change] = ()
) -> None:
    siblings = build_translation_updates(unit, find_groups(rows), [row.id for row in rows])
    append_changes(unit, [*rows, *siblings, *held])


def _build_change(unit: UnitOfWork, id_: str, old: store.Attributes, reason: str) -> store.Change:
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
