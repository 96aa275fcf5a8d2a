"""Export: everything as NDJSON lines, in an order that can be imported."""

import logging
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from app.content import store
from app.content.article import Article, is_current
from app.content.inputs import ArticleInput
from app.content.references import References
from app.content.saving import from_snapshot
from app.content.taxonomy import Category
from app.content.views import article_view, category_view, instant_or_none, source_view
from app.kit.errors import DatabaseReadOnly
from app.kit.sql.session import ReadSession
from app.kit.sql.unit_of_work import Actor, Runner

_BATCH = 200
_log = logging.getLogger("dateline")


def export_lines(
    session: ReadSession, now: datetime, *, killed: bool = True
) -> Iterator[dict[str, Any]]:
    """Yield every source, category and article, in memory that does not grow with them.

    Killed stories are left out for those who may not read them.
    """
    yield from _sources(session)
    yield from _categories(session)
    yield from _articles(session, now, killed=killed)


def note_export(runner: Runner, actor: Actor, *, killed: bool) -> None:
    """Write into the audit that an export begins, and whether it has the killed stories.

    What cannot be written to may be exported all the same: that may be all that is left of it.
    """
    try:
        runner.run(
            actor, lambda unit: unit.audit("exported", "export", None, None, {"killed": killed})
        )
    except DatabaseReadOnly:
        _log.warning("an export by %s is not in the audit: the database is read-only", actor.name)


def count_lines(session: ReadSession) -> int:
    """Count the lines that an export has, for a progress bar."""
    return sum(store.count_of(session, type_) for type_ in ("source", "category", "article"))


def _sources(session: ReadSession) -> Iterator[dict[str, Any]]:
    sources = list(store.stream_sources(session))
    slugs = store.public_slugs(session, "source", [one.id for one in sources])
    for source in sources:
        former = [slug for slug in slugs.get(source.id, ()) if slug != source.slug]
        yield {"type": "source", **source_view(source), "former_slugs": former}


def _categories(session: ReadSession) -> Iterator[dict[str, Any]]:
    categories = list(store.stream_categories(session))
    references = References(session)
    references.load_all("category", {one.id for one in categories})
    slugs = store.public_slugs(session, "category", [one.id for one in categories])
    for category in _parents_first(categories):
        former = [slug for slug in slugs.get(category.id, ()) if slug != category.slug]
        view = category_view(category, references)
        yield {"type": "category", **view, "former_slugs": former}


def _parents_first(categories: list[Category]) -> Iterator[Category]:
    below: dict[str | None, list[Category]] = {}
    for category in categories:
        below.setdefault(category.parent_id, []).append(category)
    waiting = below.pop(None, [])
    while waiting:
        yield from waiting
        waiting = [child for parent in waiting for child in below.pop(parent.id, [])]


def _articles(session: ReadSession, now: datetime, *, killed: bool) -> Iterator[dict[str, Any]]:
    stand_ins = {} if killed else store.stand_ins(session)
    # Translations name their originals, so originals come first.
    for originals in (True, False):
        late: list[dict[str, Any]] = []
        stream = store.stream_articles(session, originals=originals)
        while batch := list(islice(stream, _BATCH)):
            kept = [one for one in batch if killed or one.stage != "killed"]
            for line in _article_lines(session, kept, now, stand_ins):
                if originals and _was_tied(line):
                    late.append(line)
                else:
                    yield line
        # Few were untied and not yet published so; the originals of their public copies are there.
        yield from late


def _was_tied(line: dict[str, Any]) -> bool:
    return line["public"] is not None and line["public"]["translation_of"] is not None


def _article_lines(
    session: ReadSession, batch: list[Article], now: datetime, stand_ins: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield the lines of articles; `stand_ins` are ids by those of originals that are left out."""
    references = References(session)
    ahead = [one for one in batch if one.published_version and not is_current(one)]
    keys = [(one.id, one.published_version) for one in ahead if one.published_version]
    public = {
        id_: from_snapshot(snapshot) for id_, snapshot in store.snapshots(session, keys).items()
    }
    references.load_articles([*batch, *public.values()])
    slugs = store.public_slugs(session, "article", [one.id for one in batch])
    for article in batch:
        # What is not public now was public under its own slug too, if it is among them.
        own = article.slug if article.stage == "published" else None
        former = [slug for slug in slugs.get(article.id, ()) if slug != own]
        copy = public.get(article.id)
        yield {
            "type": "article",
            **article_view(article, now, references),
            **_tied(article, stand_ins),
            "body_base": article.body_base,
            "offered_from": instant_or_none(article.offered_from),
            "former_slugs": former,
            "public": _public(copy, now, references) | _tied(copy, stand_ins) if copy else None,
        }


def _tied(article: Article, stand_ins: dict[str, str]) -> dict[str, str]:
    """Return whom a story is tied to where its original is left out and not known elsewhere."""
    other = stand_ins.get(article.translation_of or "")
    return {} if other is None else {"translated_with": other}


def _public(copy: Article, now: datetime, references: References) -> dict[str, Any]:
    view = article_view(copy, now, references)
    kept = ArticleInput.model_fields.keys() | {"version"}
    written = {name: value for name, value in view.items() if name in kept}
    return {**written, "body_base": copy.body_base}
