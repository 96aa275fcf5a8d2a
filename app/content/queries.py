"""Queries of the newsroom: articles, revisions, sources and categories as views."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from app.access.actors import describe_actor
from app.content import store
from app.content.article import Article
from app.content.editing import build_not_found
from app.content.errors import NotFound
from app.content.references import ReferenceResolver
from app.content.revision_diff import compare_views
from app.content.saving import parse_snapshot
from app.content.store import article_lists
from app.content.store.article_lists import ArticleList
from app.content.taxonomy import Category, Source
from app.content.views import (
    build_article_view,
    build_category_view,
    build_source_view,
    remove_text,
)
from app.kit.clock import format_instant
from app.kit.ids import normalize_ref
from app.kit.quoting import quote_text
from app.kit.sql.session import ReadSession
from app.kit.view_page import ViewPage, build_view_page

TaxonomyType = Literal["source", "category"]


def view_article(
    session: ReadSession,
    article: Article,
    now: datetime,
    *,
    whole: bool,
    references: ReferenceResolver | None = None,
) -> dict[str, Any]:
    """Return the view of an article; `whole` includes the text of a killed story.

    `references` may have looked up some ids already.
    """
    references = ReferenceResolver(session) if references is None else references
    return _build_views(references, [article], now, whole=whole)[0]


def find_article(session: ReadSession, ref: str, now: datetime, *, whole: bool) -> dict[str, Any]:
    """Return an article by id or slug in any state."""
    found = store.find_article(session, normalize_ref(ref))
    if found is None:
        raise build_not_found(session, "article", ref)
    return view_article(session, found, now, whole=whole)


def list_articles(
    session: ReadSession, wanted: ArticleList, now: datetime, *, backwards: bool, count: bool
) -> ViewPage:
    """Return a page of articles."""
    turned = replace(wanted, limit=wanted.limit + 1, descending=wanted.descending != backwards)
    rows = article_lists.load_article_page(session, turned, now)
    return build_view_page(
        rows,
        wanted.limit,
        lambda kept: _build_views(
            ReferenceResolver(session), [row.article for row in kept], now, whole=wanted.whole
        ),
        lambda row: (row.place, row.article.id),
        placed=wanted.position is not None,
        backwards=backwards,
        count=article_lists.count_articles(session, wanted, now) if count else None,
    )


def find_previewed_article(
    session: ReadSession, preview_id: str, now: datetime
) -> tuple[Article, datetime | None]:
    """Return the article of a preview link, and the time to preview, if it is not now."""
    link = store.find_preview(session, preview_id)
    found = None
    if link is not None and link.expires_at > now:
        found = store.find_article(session, link.article_id)
    if link is None or found is None or found.stage == "killed" or found.deleted_at is not None:
        raise NotFound("This link is not known here; it may have been revoked, or have ended.")
    return found, link.as_of


def list_revisions(
    session: ReadSession,
    ref: str,
    limit: int,
    position: int | None,
    *,
    backwards: bool,
    whole: bool,
) -> ViewPage:
    """Return the history of an article without the snapshots, newest first."""
    found = store.find_article(session, normalize_ref(ref))
    if found is None:
        raise build_not_found(session, "article", ref)
    rows = store.load_revisions(
        session,
        found.id,
        below=None if backwards else position,
        above=position if backwards else None,
        limit=limit + 1,
    )
    shown = whole or found.stage != "killed"
    return build_view_page(
        rows,
        limit,
        lambda kept: [_build_revision_view(row, whole=shown) for row in kept],
        lambda row: (row.version,),
        placed=position is not None,
        backwards=backwards,
    )


def find_revision(session: ReadSession, ref: str, version: int, *, whole: bool) -> dict[str, Any]:
    """Return a revision of an article with its snapshot."""
    found = store.find_article(session, normalize_ref(ref))
    if found is None:
        raise build_not_found(session, "article", ref)
    row = store.find_revision(session, found.id, version)
    if row is None:
        raise NotFound(f"The article {quote_text(ref)} has no version {version}.")
    view = view_article(session, parse_snapshot(row.snapshot), row.at, whole=True)
    shown = whole or found.stage != "killed"
    return _build_revision_view(row, whole=shown) | {
        "article": view if shown else remove_text(view)
    }


def compare_revisions(
    session: ReadSession, ref: str, version: int, other: int, *, whole: bool
) -> dict[str, Any]:
    """Return a revision of an article with its differences from another version."""
    after = find_revision(session, ref, version, whole=whole)
    before = find_revision(session, ref, other, whole=whole)
    changes = compare_views(before["article"], after.pop("article"))
    return after | {"compared_with": other, "changes": changes}


def find_source(session: ReadSession, ref: str) -> dict[str, Any]:
    """Return a source by id or slug."""
    found = store.find_source(session, normalize_ref(ref))
    if found is None:
        raise build_not_found(session, "source", ref)
    return build_source_view(found)


def find_category(session: ReadSession, ref: str) -> dict[str, Any]:
    """Return a category by id or slug."""
    found = store.find_category(session, normalize_ref(ref))
    if found is None:
        raise build_not_found(session, "category", ref)
    references = ReferenceResolver(session)
    if found.parent_id:
        references.load("category", found.parent_id)
    return build_category_view(found, references)


def list_taxonomy(
    session: ReadSession,
    type_: TaxonomyType,
    limit: int,
    position: str | None,
    *,
    backwards: bool,
    count: bool,
) -> ViewPage:
    """Return a page of sources or categories in the order of slugs."""
    after, before = (None, position) if backwards else (position, None)
    page = store.load_source_page if type_ == "source" else store.load_category_page
    rows: Sequence[Source | Category] = page(session, after, before, limit + 1)
    return build_view_page(
        rows,
        limit,
        lambda kept: _build_taxonomy_views(session, kept),
        lambda row: (row.slug,),
        placed=position is not None,
        backwards=backwards,
        count=store.count_rows(session, type_) if count else None,
    )


def _build_taxonomy_views(
    session: ReadSession, found: Sequence[Source | Category]
) -> list[dict[str, Any]]:
    references = ReferenceResolver(session)
    parents = {
        thing.parent_id for thing in found if isinstance(thing, Category) and thing.parent_id
    }
    references.load_all("category", parents)
    return [
        build_source_view(thing)
        if isinstance(thing, Source)
        else build_category_view(thing, references)
        for thing in found
    ]


def _build_views(
    references: ReferenceResolver, found: list[Article], now: datetime, *, whole: bool
) -> list[dict[str, Any]]:
    references.load_articles(found)
    views: list[dict[str, Any]] = []
    for article in found:
        view = build_article_view(article, now, references)
        views.append(view if whole or article.stage != "killed" else remove_text(view))
    return views


def _build_revision_view(row: store.ArticleRevision, *, whole: bool) -> dict[str, Any]:
    # The notice of a kill is public; earlier notes may quote the text of the story.
    shown = whole or row.action == "killed"
    return {
        "version": row.version,
        "action": row.action,
        "at": format_instant(row.at),
        "by": describe_actor(row.actor_id, row.actor_name, row.actor_type),
        "note": row.note if shown else None,
    }
