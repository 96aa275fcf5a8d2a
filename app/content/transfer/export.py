"""Export everything as NDJSON lines, in an order that can be imported."""

import logging
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from app.content import store
from app.content.article import Article, is_current
from app.content.inputs import ArticleInput
from app.content.references import ReferenceResolver
from app.content.saving import parse_snapshot
from app.content.taxonomy import Category
from app.content.views import (
    build_article_view,
    build_category_view,
    build_source_view,
    format_optional_instant,
)
from app.kit.errors import DatabaseReadOnly
from app.kit.sql.session import ReadSession
from app.kit.sql.unit_of_work import Actor, Runner

_BATCH = 200
_log = logging.getLogger("dateline")


def export_lines(
    session: ReadSession, now: datetime, *, killed: bool = True
) -> Iterator[dict[str, Any]]:
    """Yield every source, category and article; memory use does not grow with their number.

    Killed stories are left out for clients that may not read them.
    """
    yield from _export_sources(session)
    yield from _export_categories(session)
    yield from _export_articles(session, now, killed=killed)


def audit_export(runner: Runner, actor: Actor, *, killed: bool) -> None:
    """Write an audit entry for an export, and whether it includes killed stories.

    A read-only database can still be exported: the export may be all that remains of it.
    """
    try:
        runner.run(
            actor, lambda unit: unit.audit("exported", "export", None, None, {"killed": killed})
        )
    except DatabaseReadOnly:
        _log.warning("an export by %s is not in the audit: the database is read-only", actor.name)


def count_lines(session: ReadSession) -> int:
    """Count the lines of an export, for a progress bar."""
    return sum(store.count_rows(session, type_) for type_ in ("source", "category", "article"))


def _export_sources(session: ReadSession) -> Iterator[dict[str, Any]]:
    sources = list(store.stream_sources(session))
    slugs = store.load_public_slugs(session, "source", [source.id for source in sources])
    for source in sources:
        former = [slug for slug in slugs.get(source.id, ()) if slug != source.slug]
        yield {"type": "source", **build_source_view(source), "former_slugs": former}


def _export_categories(session: ReadSession) -> Iterator[dict[str, Any]]:
    categories = list(store.stream_categories(session))
    references = ReferenceResolver(session)
    references.load_all("category", {category.id for category in categories})
    slugs = store.load_public_slugs(session, "category", [category.id for category in categories])
    for category in _sort_parents_first(categories):
        former = [slug for slug in slugs.get(category.id, ()) if slug != category.slug]
        view = build_category_view(category, references)
        yield {"type": "category", **view, "former_slugs": former}


def _sort_parents_first(categories: list[Category]) -> Iterator[Category]:
    below: dict[str | None, list[Category]] = {}
    for category in categories:
        below.setdefault(category.parent_id, []).append(category)
    waiting = below.pop(None, [])
    while waiting:
        yield from waiting
        waiting = [child for parent in waiting for child in below.pop(parent.id, [])]


def _export_articles(
    session: ReadSession, now: datetime, *, killed: bool
) -> Iterator[dict[str, Any]]:
    stand_ins = {} if killed else store.find_stand_ins(session)
    # Translations refer to their originals, so originals come first.
    for originals in (True, False):
        late: list[dict[str, Any]] = []
        stream = store.stream_articles(session, originals=originals)
        while batch := list(islice(stream, _BATCH)):
            articles = [article for article in batch if killed or article.stage != "killed"]
            for line in _build_article_lines(session, articles, now, stand_ins):
                if originals and _has_public_original(line):
                    late.append(line)
                else:
                    yield line
        # A few stories were unlinked without publishing that. Their public copies refer to
        # originals, which have been written by now.
        yield from late


def _has_public_original(line: dict[str, Any]) -> bool:
    return line["public"] is not None and line["public"]["translation_of"] is not None


def _build_article_lines(
    session: ReadSession, batch: list[Article], now: datetime, stand_ins: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """Yield the lines of articles; `stand_ins` has replacements of originals that are left out."""
    references = ReferenceResolver(session)
    ahead = [article for article in batch if article.published_version and not is_current(article)]
    keys = [
        (article.id, article.published_version) for article in ahead if article.published_version
    ]
    public = {
        id_: parse_snapshot(snapshot)
        for id_, snapshot in store.load_snapshots(session, keys).items()
    }
    references.load_articles([*batch, *public.values()])
    slugs = store.load_public_slugs(session, "article", [article.id for article in batch])
    for article in batch:
        # If the story is not public now, its current slug may be one of its former public slugs.
        own = article.slug if article.stage == "published" else None
        former = [slug for slug in slugs.get(article.id, ()) if slug != own]
        copy = public.get(article.id)
        yield {
            "type": "article",
            **build_article_view(article, now, references),
            **_find_stand_in(article, stand_ins),
            "body_base": article.body_base,
            "offered_from": format_optional_instant(article.offered_from),
            "former_slugs": former,
            "public": _build_public_copy(copy, now, references) | _find_stand_in(copy, stand_ins)
            if copy
            else None,
        }


def _find_stand_in(article: Article, stand_ins: dict[str, str]) -> dict[str, str]:
    """Return the replacement of an original that is left out and may be unknown elsewhere."""
    other = stand_ins.get(article.translation_of or "")
    return {} if other is None else {"translated_with": other}


def _build_public_copy(
    copy: Article, now: datetime, references: ReferenceResolver
) -> dict[str, Any]:
    view = build_article_view(copy, now, references)
    names = ArticleInput.model_fields.keys() | {"version"}
    written = {name: value for name, value in view.items() if name in names}
    return {**written, "body_base": copy.body_base}
