"""Rebuilding: documents made anew from the content side where they are not as they should be."""

from collections.abc import Iterator
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
from app.delivery import store
from app.delivery.render import render_category, render_source
from app.delivery.soundness import article_flaws
from app.kit.unit import Actor, Runner, Unit

_BATCH = 200
_ACTOR = Actor(None, "rebuild")


def rebuild(runner: Runner) -> Iterator[tuple[int, int]]:
    """Mend the delivery side; yield how many articles were looked at and mended so far."""
    runner.run(_ACTOR, _mend_entries)
    runner.run(_ACTOR, _drop_strays)
    after, looked, mended = "", 0, 0
    while True:
        seen, flawed, after = runner.run(_ACTOR, partial(_mend, after=after))
        if not seen:
            return
        looked, mended = looked + seen, mended + flawed
        yield looked, mended


def _mend(unit: Unit, after: str) -> tuple[int, int, str]:
    articles = content_store.articles_after(unit.session, after, _BATCH)
    flawed: set[str] = set()
    for flaw in article_flaws(unit.session, articles, unit.now):
        if flaw.id in flawed:
            continue
        flawed.add(flaw.id)
        if flaw.article is not None:
            unit.raise_event(ArticlePublished(flaw.article, "updated"))
        else:
            unit.raise_event(ArticleWithdrawn(flaw.id, "unpublished"))
    return len(articles), len(flawed), articles[-1].id if articles else after


def _mend_entries(unit: Unit) -> None:
    there = {
        (row.type, row.id): (row.slug, bytes(row.brief), bytes(row.whole))
        for row in store.entries(unit.session)
    }
    for source in content_store.stream_sources(unit.session):
        if there.pop(("source", source.id), None) != (source.slug, *render_source(source)):
            unit.raise_event(SourceSaved(source))
    for category in content_store.stream_categories(unit.session):
        wanted = (category.slug, *render_category(category))
        if there.pop(("category", category.id), None) != wanted:
            unit.raise_event(CategorySaved(category, moved=True))
    for type_, id_ in there:
        deleted = SourceDeleted(id_) if type_ == "source" else CategoryDeleted(id_)
        unit.raise_event(deleted)


def _drop_strays(unit: Unit) -> None:
    for id_ in store.stray_documents(unit.session):
        unit.raise_event(ArticleWithdrawn(id_, "unpublished"))
