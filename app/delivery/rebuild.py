"""Rebuilding: documents made anew from the content side where they are not as they should be."""

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
from app.content.texts import need_texts, public_text
from app.delivery import store
from app.delivery.soundness import (
    article_flaws,
    present_entries,
    public_copies,
    wanted_entries,
)
from app.kit.sql.unit_of_work import Actor, Runner, UnitOfWork

_BATCH = 200
_ACTOR = Actor(None, "rebuild")


def rebuild(runner: Runner) -> Iterator[tuple[int, int]]:
    """Mend the delivery side; yield how many articles were looked at and mended so far."""
    runner.run(_ACTOR, _mend_entries)
    runner.run(_ACTOR, _drop_strays)
    after, looked, mended = "", 0, 0
    while True:
        batch = runner.run(_ACTOR, partial(_mend, after=after))
        if not batch.looked:
            return
        if batch.gone:
            runner.run(_ACTOR, partial(_tell_gone, ids=batch.gone))
        after, looked, mended = batch.last, looked + batch.looked, mended + batch.mended
        yield looked, mended


@dataclass(frozen=True, slots=True)
class _Batch:
    """What was done to a batch of articles; `gone` are those the log has still to hear of."""

    looked: int
    mended: int
    last: str
    gone: frozenset[str]


def _mend(unit: UnitOfWork, after: str) -> _Batch:
    articles = content_store.articles_after(unit.session, after, _BATCH)
    need_texts(unit.prepared, public_copies(unit.session, articles).values())
    text_of = partial(public_text, unit.prepared)
    mended: set[str] = set()
    gone: set[str] = set()
    for flaw in article_flaws(unit.session, articles, unit.now, text_of):
        if flaw.id in mended:
            continue
        if flaw.publish is not None:
            unit.events.append(ArticlePublished(flaw.publish, "updated"))
        elif flaw.withdraw:
            unit.events.append(ArticleWithdrawn(flaw.id, "unpublished", tombstone=flaw.tombstone))
        elif flaw.tell:
            gone.add(flaw.id)
        else:
            # A snapshot is lost: the document that was made of it is all that is left.
            continue
        mended.add(flaw.id)
    last = articles[-1].id if articles else after
    return _Batch(len(articles), len(mended), last, frozenset(gone))


def _tell_gone(unit: UnitOfWork, ids: Collection[str]) -> None:
    """Tell the log of stories that are not public, where it ends with their being so."""
    public = store.attributes(unit.session, ids)
    last = store.last_log_rows(unit.session, [id_ for id_ in ids if id_ not in public])
    store.append(
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


def _mend_entries(unit: UnitOfWork) -> None:
    there = present_entries(unit.session)
    for key, (thing, shown) in wanted_entries(unit.session).items():
        if there.pop(key, None) == shown:
            continue
        if isinstance(thing, Source):
            unit.events.append(SourceSaved(thing))
        else:
            unit.events.append(CategorySaved(thing, moved=True))
    for type_, id_ in there:
        deleted = SourceDeleted(id_) if type_ == "source" else CategoryDeleted(id_)
        unit.events.append(deleted)


def _drop_strays(unit: UnitOfWork) -> None:
    for id_ in [*store.stray_documents(unit.session), *store.stray_tombstones(unit.session)]:
        unit.events.append(ArticleWithdrawn(id_, "unpublished"))
