"""Rebuild documents from the content side where the two differ."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial

from app.content import store as content_store
from app.content.events import (
    ArticlePublished,
    ArticleWithdrawn,
    CategoryDeleted,
    CategorySaved,
    SourceDeleted,
    SourceSaved,
)
from app.content.taxonomy import Source
from app.content.text_computation import get_public_text, require_texts
from app.delivery import store
from app.delivery.consistency import (
    find_article_inconsistencies,
    load_expected_entries,
    load_public_copies,
    load_public_entries,
)
from app.kit.sql.unit_of_work import Actor, Runner, UnitOfWork

_BATCH = 200
_ACTOR = Actor(None, "rebuild")


def rebuild(runner: Runner) -> Iterator[tuple[int, int]]:
    """Repair the delivery side; yield how many articles were checked and repaired so far."""
    runner.run(_ACTOR, _repair_entries)
    runner.run(_ACTOR, _remove_orphans)
    after, looked, mended = "", 0, 0
    while True:
        batch = runner.run(_ACTOR, partial(_repair, after=after))
        if not batch.checked:
            return
        if batch.removed:
            runner.run(_ACTOR, partial(_log_removals, ids=batch.removed))
        after, looked, mended = batch.last, looked + batch.checked, mended + batch.repaired
        yield looked, mended


@dataclass(frozen=True, slots=True)
class _Batch:
    """The result for a batch of articles; `removed` are ids that need a removal in the log."""

    checked: int
    repaired: int
    last: str
    removed: frozenset[str]


def _repair(unit: UnitOfWork, after: str) -> _Batch:
    articles = content_store.lock_articles_after(unit.session, after, _BATCH)
    require_texts(unit.prepared, load_public_copies(unit.session, articles).values())
    text_of = partial(get_public_text, unit.prepared)
    mended: set[str] = set()
    gone: set[str] = set()
    for flaw in find_article_inconsistencies(unit.session, articles, unit.now, text_of):
        if flaw.id in mended:
            continue
        if flaw.publish is not None:
            unit.events.append(ArticlePublished(flaw.publish, "updated"))
        elif flaw.withdraw:
            unit.events.append(ArticleWithdrawn(flaw.id, "unpublished", tombstone=flaw.tombstone))
        elif flaw.log_removal:
            gone.add(flaw.id)
        else:
            # The snapshot is lost, so the existing document is the only copy.
            continue
        mended.add(flaw.id)
    last = articles[-1].id if articles else after
    return _Batch(len(articles), len(mended), last, frozenset(gone))


def _log_removals(unit: UnitOfWork, ids: Collection[str]) -> None:
    """Log the removal of stories that are not public but whose last log row says so."""
    public = store.load_attributes(unit.session, ids)
    last = store.load_last_changes(unit.session, [id_ for id_ in ids if id_ not in public])
    store.append_to_log(
        unit.session,
        [
            store.Change(
                unit.now,
                "article",
                id_,
                "remove",
                "unpublished",
                change.version,
                before=change.after,
            )
            for id_, change in last.items()
            if change.op == "upsert"
        ],
    )


def _repair_entries(unit: UnitOfWork) -> None:
    there = load_public_entries(unit.session)
    for key, (thing, shown) in load_expected_entries(unit.session).items():
        if there.pop(key, None) == shown:
            continue
        if isinstance(thing, Source):
            unit.events.append(SourceSaved(thing))
        else:
            unit.events.append(CategorySaved(thing, moved=True))
    for type_, id_ in there:
        deleted = SourceDeleted(id_) if type_ == "source" else CategoryDeleted(id_)
        unit.events.append(deleted)


def _remove_orphans(unit: UnitOfWork) -> None:
    for id_ in [
        *store.find_orphan_documents(unit.session),
        *store.find_orphan_tombstones(unit.session),
    ]:
        unit.events.append(ArticleWithdrawn(id_, "unpublished"))
