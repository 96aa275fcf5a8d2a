"""Build an article's fields from an input: resolve references and sanitise the text."""

from datetime import datetime
from functools import partial
from typing import Any

from app.content import store
from app.content.article import Article
from app.content.errors import SlugTaken
from app.content.inputs import ArticleInput, Author, Image
from app.content.references import References
from app.content.slugs import free_slug, slug_from
from app.content.text import Text
from app.content.texts import sent_body, stored_text
from app.kit.errors import FieldError
from app.kit.precomputation import ComputedValues
from app.kit.quoting import quote_text
from app.kit.sql.session import ReadSession, WriteSession


def base_of(written: ArticleInput, references: References) -> str | None:
    """Return the base URL for relative URLs in a body: the URL of the story or of its source."""
    if written.url or not written.source:
        return written.url
    return references.source_url(references.id_of("source", written.source, "#/source"))


def written_fields(
    written: ArticleInput,
    references: References,
    base: str | None,
    texts: ComputedValues[Text],
    before: Article | None = None,
) -> dict[str, Any]:
    """Return the fields that an input sets, except the slug.

    `references` must have loaded what the input refers to. `base` resolves relative URLs of the
    body, unless `before` has the same body. `texts` are the computed texts of the unit of work.
    """
    source_id = references.id_of("source", written.source, "#/source") if written.source else None
    body, form = written.body, written.body_format
    if before is not None and (body, form) == (before.body, before.body_format):
        # The stored body stays, even if the URL that resolved it has changed since.
        body_base = before.body_base
    else:
        body_base = base if form == "markdown" else None
        body = stored_text(texts, sent_body(texts, body, form), base)
    categories: dict[str, None] = {}
    for index, ref in enumerate(written.categories):
        categories[references.id_of("category", ref, f"#/categories/{index}")] = None
    original = written.translation_of
    if original is not None:
        original = references.id_of("article", original, "#/translation_of")
        original = references.translation_root(original)
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
        "authors": list(map(Author.model_dump, written.authors)),
        "image": _image(written.image) if written.image else None,
        "rights": written.rights.model_dump() if written.rights else None,
        "dateline": written.dateline,
        "urgency": written.urgency,
        "digital_source_type": written.digital_source_type,
        "translation_of": original,
        "published_at": written.published_at,
        "expires_at": written.expires_at,
        "embargo_until": written.embargo_until,
    }


def _image(image: Image) -> dict[str, Any]:
    """Return an image in the form to store, without an empty digital source type."""
    stored = image.model_dump()
    if image.digital_source_type is None:
        del stored["digital_source_type"]
    return stored


def new_article(article_id: str, slug: str, fields: dict[str, Any], now: datetime) -> Article:
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


def given_slug(session: ReadSession, type_: str, slug: str, *, but_for: str | None = None) -> str:
    """Return a requested slug, or raise an error if it is taken."""
    if store.taken_slugs(session, type_, [slug], but_for=but_for):
        raise SlugTaken(
            f"The slug {quote_text(slug)} belongs to another {type_}. Choose another, or leave it "
            "out.",
            errors=[FieldError("#/slug", "slug_taken", "Taken.")],
        )
    return slug


def made_slug(session: WriteSession, type_: str, title: str) -> str:
    """Make a free slug from a title; a lock serialises concurrent equal titles."""
    wanted = slug_from(title, fallback=type_)
    session.lock(f"slug:{type_}:{wanted}")
    return free_slug(wanted, partial(store.taken_slugs, session, type_))
