"""Edit an article's working copy, and publish it in the same step if the request says so."""

from collections.abc import Mapping
from typing import Any

from app.content import store
from app.content.article import Article, check_schedule, edited, is_current, published
from app.content.drafting import base_of, given_slug, written_fields
from app.content.editing import Expected, article_to_change, patched, replaced
from app.content.errors import ExternalIdTaken, WrongState
from app.content.inputs import ArticleInput
from app.content.references import References
from app.content.saving import Change, save
from app.content.translations import check_translation
from app.content.views import article_view
from app.kit.errors import FieldError
from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork


def replace_article(
    unit: UnitOfWork, ref: str, document: dict[str, Any], expected: Expected
) -> Article:
    """Replace the writable fields of an article by a document."""
    article = article_to_change(unit, ref, expected)
    fields = replaced("article", _view(unit, article), document)
    return rewrite_article(unit, article, ArticleInput.read(fields))


def patch_article(unit: UnitOfWork, ref: str, patch: dict[str, Any], expected: Expected) -> Article:
    """Apply a merge patch (RFC 7396) to the writable fields of an article."""
    article = article_to_change(unit, ref, expected)
    fields = patched("article", _view(unit, article), patch)
    return rewrite_article(unit, article, ArticleInput.read(fields))


def rewrite_article(unit: UnitOfWork, article: Article, written: ArticleInput) -> Article:
    """Write an input over an article; an unchanged input writes nothing."""
    references = References(unit.session)
    references.load_inputs([written])
    change = rewritten(unit, article, written, references)
    if change is None:
        return article
    if change.action == "published":
        check_schedule(change.after, unit.now, "#/expires_at")
    return save(unit, change)


def rewritten(
    unit: UnitOfWork,
    article: Article,
    written: ArticleInput,
    references: References,
    known: Mapping[str, Article] | None = None,
) -> Change | None:
    """Return the change that an input makes to an article, or `None` if nothing differs.

    `references` must have loaded what the input refers to; `known` are articles that the same
    transaction has not written yet.
    """
    fields = rewritten_fields(unit, article, written, references)
    after = edited(article, fields, unit.now)
    if after is not article:
        check_translation(unit.session, after, article, known=known)
    if written.status == "published" and not is_current(after):
        after = published(after, unit.now, raise_version=after is article)
        return Change(article, after, "published")
    return None if after is article else Change(article, after, "edited")


def rewritten_fields(
    unit: UnitOfWork, article: Article, written: ArticleInput, references: References
) -> dict[str, Any]:
    """Return the new fields of an article; check that slug and external id are free."""
    if article.deleted_at is not None or article.stage == "killed":
        state = "deleted" if article.deleted_at is not None else "killed"
        raise WrongState(f"This story is {state}. Restore it before it can be changed.")
    base = base_of(written, references)
    fields = written_fields(written, references, base, unit.prepared, article)
    # The client sends back the requested time, which an embargo may have moved.
    untouched = article.published_at == article.public_from
    if fields["published_at"] is None or (
        untouched and fields["published_at"] == article.offered_from
    ):
        fields["published_at"] = article.published_at
    if written.slug and written.slug != article.slug:
        fields["slug"] = given_slug(unit.session, "article", written.slug, but_for=article.id)
    _check_external_id(unit, article, fields)
    return fields


def patched_fields(unit: UnitOfWork, article: Article, patch: dict[str, Any]) -> dict[str, Any]:
    """Return the new fields after a merge patch on the writable fields of an article."""
    written = ArticleInput.read(patched("article", _view(unit, article), patch))
    references = References(unit.session)
    references.load_inputs([written])
    return rewritten_fields(unit, article, written, references)


def _check_external_id(unit: UnitOfWork, article: Article, fields: dict[str, Any]) -> None:
    if fields["external_id"] is None or (
        fields["external_id"] == article.external_id and fields["source_id"] == article.source_id
    ):
        return
    other = store.article_by_external_id(unit.session, fields["source_id"], fields["external_id"])
    if other is not None and other.id != article.id:
        raise ExternalIdTaken(
            f"The story {quote_text(other.slug)} of the same source has this external id.",
            errors=[FieldError("#/external_id", "external_id_taken", "Taken.")],
        )


def _view(unit: UnitOfWork, article: Article) -> dict[str, Any]:
    references = References(unit.session)
    references.load_articles([article])
    return article_view(article, unit.now, references)
