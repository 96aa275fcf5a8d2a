"""Rendering: the one place that decides which fields of content the public gets.

Fields are listed, never copied wholesale: what is added to the content side stays there until
it is added here.
"""

from dataclasses import dataclass
from functools import partial
from math import ceil
from operator import itemgetter
from typing import Any

from app.access.selection import SelectionFields, fold, language_ranges
from app.content.article import Article
from app.content.taxonomy import Category, Source
from app.content.text import Text
from app.kit import json
from app.kit.clock import format_instant

_WORDS_A_MINUTE = 230


@dataclass(frozen=True, slots=True)
class Rendered:
    """A story in the pieces of JSON in which it leaves."""

    head: bytes
    tail: bytes
    extra: bytes
    body: bytes


def render_article(article: Article, text: Text) -> Rendered:
    """Render a public copy with the text of its body."""
    assert article.published_at is not None
    assert article.updated_at is not None
    head = {
        "id": article.id,
        "slug": article.slug,
        "kind": article.kind,
        "language": article.language,
        "version": article.version,
        "title": article.title,
        "summary": article.summary,
        "url": article.url,
        "published_at": format_instant(article.published_at),
        "updated_at": format_instant(article.updated_at),
    }
    tail = {
        "tags": article.tags,
        "authors": list(map(partial(_picked, names=_AUTHOR), article.authors)),
        "image": _picked(article.image, _IMAGE),
        "urgency": article.urgency,
    }
    extra = {
        "first_published_at": format_instant(article.first_published_at or article.published_at),
        "dateline": article.dateline,
        "word_count": text.words,
        "reading_minutes": ceil(text.words / _WORDS_A_MINUTE),
        "rights": _picked(article.rights, _RIGHTS),
        "corrections": list(map(partial(_picked, names=_CORRECTION), article.corrections)),
        "digital_source_type": article.digital_source_type,
    }
    body = {"body_html": text.markup, "body_text": text.plain}
    return Rendered(_members(head), _members(tail), _members(extra), _members(body))


def render_source(source: Source) -> tuple[bytes, bytes]:
    """Render a source as stories show it, and whole."""
    brief = {"id": source.id, "slug": source.slug, "name": source.name, "url": source.url}
    whole = brief | {"description": source.description, "language": source.language}
    return json.dumps(brief), json.dumps(whole)


def render_category(category: Category) -> tuple[bytes, bytes]:
    """Render a category as stories show it, and whole but for what depends on others."""
    brief = {"id": category.id, "slug": category.slug, "name": category.name}
    return json.dumps(brief), json.dumps(brief | {"names": category.names})


def attributes_of(article: Article, categories: list[str]) -> SelectionFields:
    """Return what a story is selected by; `categories` takes in those above its own."""
    assert article.published_at is not None
    assert article.updated_at is not None
    return {
        "id": [article.id],
        "category": categories,
        "source": [article.source_id] if article.source_id else [],
        "language": list(language_ranges(article.language)),
        "tag": list(map(fold, article.tags)),
        "author": list(map(fold, map(itemgetter("name"), article.authors))),
        "kind": [article.kind],
        "group": [article.translation_of or article.id],
        "published_at": format_instant(article.published_at),
        "updated_at": format_instant(article.updated_at),
    }


_IMAGE = ("url", "alt", "credit", "width", "height", "digital_source_type")
_AUTHOR = ("name", "url")
_CORRECTION = ("at", "note")
_RIGHTS = ("holder", "usage_terms", "licence")


def _picked(value: dict[str, Any] | None, names: tuple[str, ...]) -> dict[str, Any] | None:
    return None if value is None else {name: value.get(name) for name in names}


def _members(value: dict[str, Any]) -> bytes:
    """Return the members of a JSON object without its braces, to be joined with others."""
    return json.dumps(value)[1:-1]
