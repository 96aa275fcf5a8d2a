"""Edit an article's working copy, and publish it in the same step if the request says so."""

from collections.abc import Mapping
from typing import Any

from app.content import store
from app.content.article import Article, check_schedule, edit, is_current, publish
from app.content.article_fields import build_fields, find_base_url, require_free_slug
from app.content.editing import ExpectedVersions, apply_patch, apply_replacement, lock_article
from app.content.errors import ExternalIdTaken, WrongArticleState
from app.content.inputs import ArticleInput
from app.content.references import ReferenceResolver
from app.content.saving import ArticleTransition, save_change
from app.content.translations import check_translation
from app.content.views import build_article_view
from app.kit.errors import FieldError
from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork


def replace_article(
    unit: UnitOfWork, ref: str, document: dict[str, Any], expected: ExpectedVersions
) -> Article:
    """Replace the writable fields of an article by a document."""
    article = lock_article(unit, ref, expected)
    fields = apply_replacement("article", _build_view(unit, article), document)
    return rewrite_article(unit, article, ArticleInput.read(fields))


def patch_article(
    unit: UnitOfWork, ref: str, patch: dict[str, Any], expected: ExpectedVersions
) -> Article:
    """Apply a merge patch (RFC 7396) to the writable fields of an article."""
    article = lock_article(unit, ref, expected)
    fields = apply_patch("article", _build_view(unit, article), patch)
    return rewrite_article(unit, article, ArticleInput.read(fields))


def rewrite_article(unit: UnitOfWork, article: Article, written: ArticleInput) -> Article:
    """Write an input over an article; an unchanged input writes nothing."""
    references = ReferenceResolver(unit.session)
    references.load_inputs([written])
    change = build_change(unit, article, written, references)
    if change is None:
        return article
    if change.action == "published":
        check_schedule(change.after, unit.now, "#/expires_at")
    return save_change(unit, change)


def build_change(
    unit: UnitOfWork,
    article: Article,
    written: ArticleInput,
    references: ReferenceResolver,
    known: Mapping[str, Article] | None = None,
) -> ArticleTransition | None:
    """Return the change that an input makes to an article, or `None` if nothing differs.

    `references` must have loaded what the input refers to; `known` are articles that the same
    transaction has not written yet.
    """
    fields = build_changed_fields(unit, article, written, references)
    after = edit(article, fields, unit.now)
    if after is not article:
        check_translation(unit.session, after, article, known=known)
    if written.status == "published" and not is_current(after):
        after = publish(after, unit.now, raise_version=after is article)
        return ArticleTransition(article, after, "published")
    return None if after is article else ArticleTransition(article, after, "edited")


def build_changed_fields(
    unit: UnitOfWork, article: Article, written: ArticleInput, references: ReferenceResolver
) -> dict[str, Any]:
    """Return the new fields of an article; check that slug and external id are free."""
    if article.deleted_at is not None or article.stage == "killed":
        state = "deleted" if article.deleted_at is not None else "killed"
        raise WrongArticleState(f"This story is {state}. Restore it before it can be changed.")
    base = find_base_url(written, references)
    fields = build_fields(written, references, base, unit.prepared, article)
    # The client sends back the requested time, which an embargo may have moved.
    untouched = article.published_at == article.public_from
    if fields["published_at"] is None or (
        untouched and fields["published_at"] == article.offered_from
    ):
        fields["published_at"] = article.published_at
    if written.slug and written.slug != article.slug:
        fields["slug"] = require_free_slug(
            unit.session, "article", written.slug, but_for=article.id
        )
    _check_external_id(unit, article, fields)
    return fields


def build_patched_fields(
    unit: UnitOfWork, article: Article, patch: dict[str, Any]
) -> dict[str, Any]:
    """Return the new fields after a merge patch on the writable fields of an article."""
    written = ArticleInput.read(apply_patch("article", _build_view(unit, article), patch))
    references = ReferenceResolver(unit.session)
    references.load_inputs([written])
    return build_changed_fields(unit, article, written, references)


def _check_external_id(unit: UnitOfWork, article: Article, fields: dict[str, Any]) -> None:
    if fields["external_id"] is None or (
        fields["external_id"] == article.external_id and fields["source_id"] == article.source_id
    ):
        return
    other = store.lock_article_by_external_id(
        unit.session, fields["source_id"], fields["external_id"]
    )
    if other is not None and other.id != article.id:
        raise ExternalIdTaken(
            f"The story {quote_text(other.slug)} of the same source has this external id.",
            errors=[FieldError("#/external_id", "external_id_taken", "Taken.")],
        )


def _build_view(unit: UnitOfWork, article: Article) -> dict[str, Any]:
    references = ReferenceResolver(unit.session)
    references.load_articles([article])
    return build_article_view(article, unit.now, references)
