"""Build an article's fields from an input: resolve references and sanitise the text."""

from datetime import datetime
from functools import partial
from typing import Any

from app.content import store
from app.content.article import Article
from app.content.body_text import BodyText
from app.content.errors import SlugTaken
from app.content.inputs import ArticleInput, AuthorInput, ImageInput
from app.content.references import ReferenceResolver
from app.content.text_computation import computation_for, compute_stored_body
from app.kit.errors import FieldError
from app.kit.precomputation import ComputedValues
from app.kit.quoting import quote_text
from app.kit.slugs import find_free_slug, make_slug
from app.kit.sql.session import ReadSession, WriteSession


def find_base_url(written: ArticleInput, references: ReferenceResolver) -> str | None:
    """Return the base URL for relative URLs in a body: the URL of the story or of its source."""
    if written.url or not written.source:
        return written.url
    return references.get_source_url(references.get_id("source", written.source, "#/source"))


def build_fields(
    written: ArticleInput,
    references: ReferenceResolver,
    base: str | None,
    texts: ComputedValues[BodyText],
    before: Article | None = None,
) -> dict[str, Any]:
    """Return the fields that an input sets, except the slug.

    `references` must have loaded what the input refers to. `base` resolves relative URLs of the
    body, unless `before` has the same body. `texts` are the computed texts of the unit of work.
    """
    source_id = references.get_id("source", written.source, "#/source") if written.source else None
    body, form = written.body, written.body_format
    if before is not None and (body, form) == (before.body, before.body_format):
        # The stored body stays, even if the URL that resolved it has changed since.
        body_base = before.body_base
    else:
        body_base = base if form == "markdown" else None
        body = compute_stored_body(texts, computation_for(texts, body, form), base)
    categories: dict[str, None] = {}
    for index, ref in enumerate(written.categories):
        categories[references.get_id("category", ref, f"#/categories/{index}")] = None
    original = written.translation_of
    if original is not None:
        original = references.get_id("article", original, "#/translation_of")
        original = references.get_translation_root(original)
    return {
        "source_id": source_id,
        "external_id": written.external_id,
        "kind": written.kind,
        "language": written.language,
        "title": written.title,
        "summary": written.summary,
        # HTML is stored resolved; Markdown is stored with its base.
        "body": body,
        "body_format": form,
        "body_base": body_base,
        "url": written.url,
        "categories": list(categories),
        "tags": written.tags,
        "authors": list(map(AuthorInput.model_dump, written.authors)),
        "image": _dump_image(written.image) if written.image else None,
        "rights": written.rights.model_dump() if written.rights else None,
        "dateline": written.dateline,
        "urgency": written.urgency,
        "digital_source_type": written.digital_source_type,
        "labels": written.labels,
        "translation_of": original,
        "published_at": written.published_at,
        "expires_at": written.expires_at,
        "embargo_until": written.embargo_until,
    }


def _dump_image(image: ImageInput) -> dict[str, Any]:
    """Return an image in the form to store, without an empty digital source type."""
    stored = image.model_dump()
    if image.digital_source_type is None:
        del stored["digital_source_type"]
    return stored


def build_draft(article_id: str, slug: str, fields: dict[str, Any], now: datetime) -> Article:
    """Return the first version of an article, a draft."""
    return Article(
        id=article_id,
        slug=slug,
        stage="draft",
        version=1,
        published_version=None,
        corrections=[],
        first_published_at=None,
        updated_at=None,
        created_at=now,
        modified_at=now,
        deleted_at=None,
        **fields,
    )


def require_free_slug(
    session: ReadSession, type_: str, slug: str, *, but_for: str | None = None
) -> str:
    """Return a requested slug, or raise an error if it is taken."""
    if store.find_taken_slugs(session, type_, [slug], but_for=but_for):
        raise SlugTaken(
            f"The slug {quote_text(slug)} belongs to another {type_}. Choose another, or leave it "
            "out.",
            errors=[FieldError("#/slug", "slug_taken", "Taken.")],
        )
    return slug


def make_free_slug(session: WriteSession, type_: str, title: str) -> str:
    """Make a free slug from a title; a lock serialises concurrent equal titles."""
    wanted = make_slug(title, fallback=type_)
    session.lock(f"slug:{type_}:{wanted}")
    return find_free_slug(wanted, partial(store.find_taken_slugs, session, type_))
