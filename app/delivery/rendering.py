"""Render documents, and build the terms that lists find them by.

This module alone decides which fields of the content become public. It lists the public fields, so
a new field of the content side stays private until it is added here. Labels become terms only:
products select by them, and no document has them.

Each term is one index range that has its stories in order. So a list of one term reads only the
rows that it shows. Terms are single values, and frequent pairs of values.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import product
from math import ceil
from operator import itemgetter
from typing import Any

from app.access.selection import Field, SelectionFields, fold, language_ranges
from app.content.article import Article
from app.content.body_text import BodyText
from app.content.taxonomy import Category, Source
from app.kit import json
from app.kit.clock import format_instant

_WORDS_A_MINUTE = 230


@dataclass(frozen=True, slots=True)
class RenderedStory:
    """A story as the pieces of JSON that it is stored in."""

    head: bytes
    tail: bytes
    extra: bytes
    body: bytes


def render_article(article: Article, text: BodyText) -> RenderedStory:
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
        "authors": list(map(partial(_pick, names=_AUTHOR), article.authors)),
        "image": _pick(article.image, _IMAGE),
        "urgency": article.urgency,
    }
    extra = {
        "first_published_at": format_instant(article.first_published_at or article.published_at),
        "dateline": article.dateline,
        "word_count": text.words,
        "reading_minutes": ceil(text.words / _WORDS_A_MINUTE),
        "rights": _pick(article.rights, _RIGHTS),
        "corrections": list(map(partial(_pick, names=_CORRECTION), article.corrections)),
        "digital_source_type": article.digital_source_type,
    }
    body = {"body_html": text.markup, "body_text": text.plain}
    return RenderedStory(
        _render_members(head), _render_members(tail), _render_members(extra), _render_members(body)
    )


def render_source(source: Source) -> tuple[bytes, bytes]:
    """Render a source as stories show it, and as a whole document."""
    brief = {"id": source.id, "slug": source.slug, "name": source.name, "url": source.url}
    whole = brief | {"description": source.description, "language": source.language}
    return json.dumps(brief), json.dumps(whole)


def render_category(category: Category) -> tuple[bytes, bytes]:
    """Render a category as stories show it, and as a document without its place in the tree."""
    brief = {"id": category.id, "slug": category.slug, "name": category.name}
    return json.dumps(brief), json.dumps(brief | {"names": category.names})


def build_attributes(article: Article, categories: list[str]) -> SelectionFields:
    """Return the attributes of a story; `categories` includes the ancestors of its own."""
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
        "label": list(map(fold, article.labels)),
        "group": [article.translation_of or article.id],
        "published_at": format_instant(article.published_at),
        "updated_at": format_instant(article.updated_at),
    }


_IMAGE = ("url", "alt", "credit", "width", "height", "digital_source_type")
_AUTHOR = ("name", "url")
_CORRECTION = ("at", "note")
_RIGHTS = ("holder", "usage_terms", "licence")


def _pick(value: dict[str, Any] | None, names: tuple[str, ...]) -> dict[str, Any] | None:
    return None if value is None else {name: value.get(name) for name in names}


def _render_members(value: dict[str, Any]) -> bytes:
    """Render the members of a JSON object without its braces, so that pieces can be joined."""
    return json.dumps(value)[1:-1]


Term = tuple[str, str]

# The fields that readers may filter by.
PUBLIC_FIELDS: tuple[Field, ...] = ("category", "source", "language", "tag", "author", "kind")
SINGLE_FIELDS: tuple[Field, ...] = (*PUBLIC_FIELDS, "label")
PAIR_FIELDS: tuple[tuple[Field, Field], ...] = (
    ("category", "source"),
    ("source", "language"),
    ("category", "language"),
)
# The field name of a pair, and the pair as one value: neither ids nor languages contain a space.
join_fields: Callable[[Iterable[str]], str] = "+".join
join_values: Callable[[Iterable[str]], str] = " ".join


def build_terms(attributes: SelectionFields) -> set[Term]:
    """Return all terms of a story with these attributes."""
    terms: set[Term] = set()
    for field in SINGLE_FIELDS:
        for value in attributes[field]:
            terms.add((field, value))
    for fields in PAIR_FIELDS:
        for values in product(attributes[fields[0]], attributes[fields[1]]):
            terms.add((join_fields(fields), join_values(values)))
    return terms
