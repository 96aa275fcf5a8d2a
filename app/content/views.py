"""Views: content as editors read it, with its writable fields and its state."""

from collections.abc import KeysView
from datetime import datetime
from functools import partial
from typing import Any

from app.content.article import Article, compute_state, find_answer, is_current
from app.content.inputs import ArticleInput, CategoryInput, SourceInput
from app.content.references import ReferenceResolver
from app.content.taxonomy import Category, Source
from app.kit.clock import format_instant


def build_article_view(
    article: Article, now: datetime, references: ReferenceResolver
) -> dict[str, Any]:
    """Return an article as the management API shows it; its references must be loaded."""
    source, original = article.source_id, article.translation_of
    answer = find_answer(article, now)
    return {
        "id": article.id,
        "slug": article.slug,
        "state": compute_state(article, now),
        "status": "published" if is_current(article) and not article.deleted_at else "draft",
        "version": article.version,
        "published_version": article.published_version,
        "kind": article.kind,
        "language": article.language,
        "title": article.title,
        "summary": article.summary,
        "body": article.body,
        "body_format": article.body_format,
        "url": article.url,
        "source": references.get_slug("source", source) if source else None,
        "categories": list(map(partial(references.get_slug, "category"), article.categories)),
        "tags": article.tags,
        "labels": article.labels,
        "authors": article.authors,
        "image": article.image and {"digital_source_type": None, **article.image},
        "dateline": article.dateline,
        "urgency": article.urgency,
        "digital_source_type": article.digital_source_type,
        "rights": article.rights,
        "external_id": article.external_id,
        "translation_of": references.get_slug("article", original) if original else None,
        "published_at": format_optional_instant(article.published_at),
        "expires_at": format_optional_instant(article.expires_at),
        "embargo_until": format_optional_instant(article.embargo_until),
        "scheduled_at_local": article.scheduled_at_local,
        "time_zone": article.time_zone,
        "corrections": article.corrections,
        "answer": answer,
        "notice": article.notice if answer else None,
        "redirect_to": article.redirect_to if answer else None,
        "first_published_at": format_optional_instant(article.first_published_at),
        "updated_at": format_optional_instant(article.updated_at),
        "created_at": format_optional_instant(article.created_at),
        "modified_at": format_optional_instant(article.modified_at),
        "deleted_at": format_optional_instant(article.deleted_at),
    }


_EMPTY: dict[str, Any] = {
    "title": "",
    "body": "",
    "tags": [],
    "labels": [],
    "authors": [],
    "corrections": [],
    **dict.fromkeys(("summary", "url", "image", "dateline", "rights", "external_id")),
}


def remove_text(view: dict[str, Any]) -> dict[str, Any]:
    """Return the view of a killed article for editors who may not read its text."""
    return view | _EMPTY


def build_source_view(source: Source) -> dict[str, Any]:
    """Return a source as the management API shows it."""
    return {
        "id": source.id,
        "slug": source.slug,
        "name": source.name,
        "url": source.url,
        "description": source.description,
        "language": source.language,
        "version": source.version,
        "created_at": format_instant(source.created_at),
        "modified_at": format_instant(source.modified_at),
    }


def build_category_view(category: Category, references: ReferenceResolver) -> dict[str, Any]:
    """Return a category as the management API shows it; its parent must be loaded."""
    parent = category.parent_id
    return {
        "id": category.id,
        "slug": category.slug,
        "name": category.name,
        "names": category.names,
        "parent": references.get_slug("category", parent) if parent else None,
        "version": category.version,
        "created_at": format_instant(category.created_at),
        "modified_at": format_instant(category.modified_at),
    }


WRITABLE: dict[str, KeysView[str]] = {
    "article": ArticleInput.model_fields.keys(),
    "source": SourceInput.model_fields.keys(),
    "category": CategoryInput.model_fields.keys(),
}


def format_optional_instant(value: datetime | None) -> str | None:
    """Format an instant, or return `None`."""
    return None if value is None else format_instant(value)
