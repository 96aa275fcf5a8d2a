"""Withdraw stories from the delivery side, and keep tombstones for their readers.

A tombstone has the attributes of its story, so that only readers who could have read the story see
it. A story that nobody could have read leaves no tombstone.

The log rows of a deleted story stay: followers need them to learn of the removal, and continue from
their marks. The rows of an erased story lose its notice, tags, authors
and labels.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.access.selection import SelectionFields
from app.content.article import Article
from app.content.events import ArticleRemoved, ArticleWithdrawn, Tombstone
from app.delivery import store
from app.delivery.changes import to_embargoed_change
from app.delivery.rendering import build_attributes
from app.kit.clock import format_instant
from app.kit.sql.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class _LastSeen:
    """The last state of a story that readers could have read.

    `logged` means that the public log had it, `embargoed` that only readers with embargo access
    could have read it.
    """

    attributes: SelectionFields
    version: int | None
    logged: bool = True
    embargoed: bool = False


def withdraw_stories(
    unit: UnitOfWork,
    events: Mapping[str, ArticleWithdrawn],
    before: Mapping[str, store.Attributes],
    tombstones: Mapping[str, store.TombstoneRow],
) -> list[store.Change]:
    """Remove stories, and return their log rows.

    `before` are the attributes of their documents, `tombstones` their current tombstones.
    """
    hidden = [id_ for id_ in events if id_ not in before or not before[id_].is_public(unit.now)]
    last = store.load_last_changes(unit.session, hidden)
    last_held = store.load_last_embargoed_changes(unit.session, hidden)
    log: list[store.Change] = []
    new_tombstones: list[store.TombstoneRow] = []
    slugs: list[store.RedirectRow] = []
    for id_, event in events.items():
        old, there = before.get(id_), tombstones.get(id_)
        out = old if old is not None and old.is_public(unit.now) else None
        seen = _find_last_seen(unit, event, old, last.get(id_), there)
        # A story that was unpublished under embargo keeps a tombstone, so that a later kill reaches
        # the readers who had it.
        if seen is not None and (event.tombstone is not None or seen.embargoed):
            new_tombstones.append(_build_tombstone(unit, id_, event.tombstone, seen))
        other = _changes_answer(event, there)
        if seen is not None and seen.logged and (out is not None or other):
            log.append(_build_change(unit, id_, event, seen.version, seen.attributes))
        if out is None:
            log += _build_embargoed_changes(
                unit, id_, event, old, last_held.get(id_) if other else None
            )
        if old is not None and old.is_offered(unit.now):
            # If the story comes back with another slug, links to this slug lead to it.
            slugs.append(store.RedirectRow("article", old.slug, id_))
    store.delete_documents(unit.session, events.keys())
    store.replace_tombstones(unit.session, tombstones.keys(), new_tombstones)
    store.add_redirects(unit.session, slugs)
    return log


def keep_embargoed_tombstones(unit: UnitOfWork, seen: Mapping[str, store.Attributes]) -> None:
    """Keep tombstones for stories that were removed without notice while under embargo.

    The public log does not have these stories, so a kill could not reach their readers otherwise.
    A tombstone that exists already is not replaced.
    """
    tombstones = store.load_tombstones(unit.session, seen.keys())
    new_tombstones = [
        _build_tombstone(
            unit, id_, None, _LastSeen(old.values, old.version, logged=False, embargoed=True)
        )
        for id_, old in seen.items()
        if id_ not in tombstones
    ]
    store.replace_tombstones(unit.session, (), new_tombstones)


def _build_embargoed_changes(
    unit: UnitOfWork,
    id_: str,
    event: ArticleWithdrawn,
    old: store.Attributes | None,
    last: store.LastChange | None,
) -> list[store.Change]:
    """Return the row for readers with embargo access who had this story.

    `last` is the last row that they got, if the story was removed before and the answer for it
    changes now.
    """
    if old is not None and old.is_offered(unit.now):
        row = _build_change(unit, id_, event, old.version, old.values)
    elif last is not None:
        row = _build_change(unit, id_, event, last.version, last.after or last.before or {})
    else:
        return []
    return [to_embargoed_change(row)]


def _find_last_seen(
    unit: UnitOfWork,
    event: ArticleWithdrawn,
    old: store.Attributes | None,
    last: store.LastChange | None,
    there: store.TombstoneRow | None,
) -> _LastSeen | None:
    if old is not None and old.is_public(unit.now):
        return _LastSeen(old.values, old.version)
    if last is not None:
        values = last.after or last.before or {}
        if last.op == "remove":
            values = _note_withdrawal(values, last.at)
        return _LastSeen(values, last.version)
    if event.tombstone is not None and event.tombstone.seen is not None:
        return _LastSeen(_build_attributes(unit, event.tombstone.seen), None, logged=False)
    if old is not None and old.is_offered(unit.now):
        return _LastSeen(old.values, old.version, logged=False, embargoed=True)
    if there is not None:
        values, public = _note_withdrawal(there.attributes, there.at), not there.embargoed
        return _LastSeen(values, None, logged=public, embargoed=there.embargoed)
    return None


def _note_withdrawal(attributes: SelectionFields, at: datetime) -> SelectionFields:
    """Add when readers lost a story, unless an earlier change of its answer did so.

    Readers whose delay ended later never had it.
    """
    return SelectionFields(withdrawn_at=format_instant(at)) | attributes


def _build_attributes(unit: UnitOfWork, article: Article) -> SelectionFields:
    (categories,) = store.add_ancestors(unit.session, [article.categories])
    return build_attributes(article, categories)


def _build_tombstone(
    unit: UnitOfWork, id_: str, tombstone: Tombstone | None, seen: _LastSeen
) -> store.TombstoneRow:
    return store.TombstoneRow(
        id=id_,
        at=unit.now,
        answer=tombstone.answer if tombstone is not None else store.NOT_FOUND,
        notice=tombstone.notice if tombstone is not None else None,
        redirect_to=tombstone.redirect_to if tombstone is not None else None,
        embargoed=seen.embargoed,
        attributes=seen.attributes,
    )


def _changes_answer(event: ArticleWithdrawn, there: store.TombstoneRow | None) -> bool:
    """Tell whether the answer for readers changes."""
    tombstone = event.tombstone
    now = (
        (tombstone.answer, tombstone.notice, tombstone.redirect_to)
        if tombstone is not None
        else None
    )
    if there is None or there.answer == store.NOT_FOUND:
        return now is not None
    return now != (there.answer, there.notice, there.redirect_to)


def _build_change(
    unit: UnitOfWork,
    id_: str,
    event: ArticleWithdrawn,
    version: int | None,
    attributes: SelectionFields,
) -> store.Change:
    notice = event.tombstone.notice if event.tombstone is not None else None
    return store.Change(
        unit.now, "article", id_, "remove", event.reason, version, notice, before=attributes
    )


def delete_tombstones(unit: UnitOfWork, ids: Collection[str]) -> None:
    """Delete the tombstones of removed stories, and the former slugs that lead to them."""
    store.replace_tombstones(unit.session, ids, [])
    store.delete_redirects_to(unit.session, "article", ids)


def erase_from_logs(unit: UnitOfWork, removed: Mapping[str, ArticleRemoved]) -> None:
    """Delete the personal data of erased stories from both logs."""
    erased = [id_ for id_, event in removed.items() if event.erased]
    store.erase_changes(unit.session, erased)
