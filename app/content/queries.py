"""Queries of the newsroom: articles, revisions, sources and categories as views."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from app.content import store
from app.content.article import Article
from app.content.differences import differences
from app.content.editing import not_found
from app.content.errors import NotFound
from app.content.references import References
from app.content.saving import from_snapshot
from app.content.store import lists
from app.content.store.lists import ArticleList
from app.content.taxonomy import Category, Source
from app.content.views import article_view, category_view, source_view, without_text
from app.kit.clock import format_instant
from app.kit.ids import normalize_ref
from app.kit.quoting import quote_text
from app.kit.sql.session import ReadSession
from app.kit.view_page import ViewPage, build_view_page

TaxonomyType = Literal["source", "category"]


def show_article(
    session: ReadSession,
    article: Article,
    now: datetime,
    *,
    whole: bool,
    references: References | None = None,
) -> dict[str, Any]:
    """Return the view of an article; `whole` includes the text of a killed story.

    `references` may have looked up some ids already.
    """
    references = References(session) if references is None else references
    return _views(references, [article], now, whole=whole)[0]


def article(session: ReadSession, ref: str, now: datetime, *, whole: bool) -> dict[str, Any]:
    """Return an article by id or slug in any state."""
    found = store.article_by_ref(session, normalize_ref(ref))
    if found is None:
        raise not_found(session, "article", ref)
    return show_article(session, found, now, whole=whole)


def articles(
    session: ReadSession, wanted: ArticleList, now: datetime, *, backwards: bool, count: bool
) -> ViewPage:
    """Return a page of articles."""
    turned = replace(wanted, limit=wanted.limit + 1, descending=wanted.descending != backwards)
    rows = lists.article_page(session, turned, now)
    return build_view_page(
        rows,
        wanted.limit,
        lambda kept: _views(
            References(session), [row.article for row in kept], now, whole=wanted.whole
        ),
        lambda row: (row.place, row.article.id),
        placed=wanted.position is not None,
        backwards=backwards,
        count=lists.count_articles(session, wanted, now) if count else None,
    )


def previewed(
    session: ReadSession, preview_id: str, now: datetime
) -> tuple[Article, datetime | None]:
    """Return the article of a preview link, and the time to preview, if it is not now."""
    link = store.preview(session, preview_id)
    found = None
    if link is not None and link.expires_at > now:
        found = store.article_by_ref(session, link.article_id)
    if link is None or found is None or found.stage == "killed" or found.deleted_at is not None:
        raise NotFound("This link is not known here; it may have been revoked, or have ended.")
    return found, link.as_of


def revisions(
    session: ReadSession,
    ref: str,
    limit: int,
    position: int | None,
    *,
    backwards: bool,
    whole: bool,
) -> ViewPage:
    """Return the history of an article without the snapshots, newest first."""
    found = store.article_by_ref(session, normalize_ref(ref))
    if found is None:
        raise not_found(session, "article", ref)
    rows = store.revisions(
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
        lambda kept: [_revision_view(row, whole=shown) for row in kept],
        lambda row: (row.version,),
        placed=position is not None,
        backwards=backwards,
    )


def revision(session: ReadSession, ref: str, version: int, *, whole: bool) -> dict[str, Any]:
    """Return a revision of an article with its snapshot."""
    found = store.article_by_ref(session, normalize_ref(ref))
    if found is None:
        raise not_found(session, "article", ref)
    row = store.revision(session, found.id, version)
    if row is None:
        raise NotFound(f"The article {quote_text(ref)} has no version {version}.")
    view = show_article(session, from_snapshot(row.snapshot), row.at, whole=True)
    shown = whole or found.stage != "killed"
    return _revision_view(row, whole=shown) | {"article": view if shown else without_text(view)}


def difference(
    session: ReadSession, ref: str, version: int, other: int, *, whole: bool
) -> dict[str, Any]:
    """Return a revision of an article with its differences from another version."""
    after = revision(session, ref, version, whole=whole)
    before = revision(session, ref, other, whole=whole)
    changes = differences(before["article"], after.pop("article"))
    return after | {"compared_with": other, "changes": changes}


def source(session: ReadSession, ref: str) -> dict[str, Any]:
    """Return a source by id or slug."""
    found = store.source_by_ref(session, normalize_ref(ref))
    if found is None:
        raise not_found(session, "source", ref)
    return source_view(found)


def category(session: ReadSession, ref: str) -> dict[str, Any]:
    """Return a category by id or slug."""
    found = store.category_by_ref(session, normalize_ref(ref))
    if found is None:
        raise not_found(session, "category", ref)
    references = References(session)
    if found.parent_id:
        references.load("category", found.parent_id)
    return category_view(found, references)


def taxonomy(
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
    page = store.page_of_sources if type_ == "source" else store.page_of_categories
    rows: Sequence[Source | Category] = page(session, after, before, limit + 1)
    return build_view_page(
        rows,
        limit,
        lambda kept: _taxonomy_views(session, kept),
        lambda row: (row.slug,),
        placed=position is not None,
        backwards=backwards,
        count=store.count_of(session, type_) if count else None,
    )


def _taxonomy_views(
    session: ReadSession, found: Sequence[Source | Category]
) -> list[dict[str, Any]]:
    references = References(session)
    parents = {
        thing.parent_id for thing in found if isinstance(thing, Category) and thing.parent_id
    }
    references.load_all("category", parents)
    return [
        source_view(thing) if isinstance(thing, Source) else category_view(thing, references)
        for thing in found
    ]


def _views(
    references: References, found: list[Article], now: datetime, *, whole: bool
) -> list[dict[str, Any]]:
    references.load_articles(found)
    views: list[dict[str, Any]] = []
    for article in found:
        view = article_view(article, now, references)
        views.append(view if whole or article.stage != "killed" else without_text(view))
    return views


def _revision_view(row: store.Revision, *, whole: bool) -> dict[str, Any]:
    # The notice of a kill is public; earlier notes may quote the text of the story.
    shown = whole or row.action == "killed"
    return {
        "version": row.version,
        "action": row.action,
        "at": format_instant(row.at),
        "by": {"key": row.actor_id, "name": row.actor_name},
        "note": row.note if shown else None,
    }
