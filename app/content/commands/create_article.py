"""Create an article, or update the article that has the external id already."""

from app.content import store
from app.content.article import Article, check_schedule, check_version, publish
from app.content.article_fields import (
    build_draft,
    build_fields,
    find_base_url,
    make_free_slug,
    require_free_slug,
)
from app.content.commands.edit_article import rewrite_article
from app.content.editing import ExpectedVersions
from app.content.inputs import ArticleInput
from app.content.references import ReferenceResolver
from app.content.saving import ArticleTransition, save_change
from app.content.translations import check_translation
from app.kit.ids import new_id
from app.kit.sql.unit_of_work import UnitOfWork


def create_article(
    unit: UnitOfWork,
    written: ArticleInput,
    expected: ExpectedVersions = None,
    references: ReferenceResolver | None = None,
) -> tuple[Article, bool]:
    """Return the article and whether it is new.

    If the source has a story with this `external_id`, that story is updated, and its version is
    checked against `expected`. `references` are loaded with what the input refers to.
    """
    references = ReferenceResolver(unit.session) if references is None else references
    references.load_inputs([written])
    fields = build_fields(written, references, find_base_url(written, references), unit.prepared)
    session = unit.session
    if written.external_id is not None:
        known = store.lock_article_by_external_id(session, fields["source_id"], written.external_id)
        if known is not None:
            check_version(known.version, expected)
            return rewrite_article(unit, known, written), False
    slug = (
        require_free_slug(session, "article", written.slug)
        if written.slug
        else make_free_slug(session, "article", written.title)
    )
    article = build_draft(new_id(), slug, fields, unit.now)
    if article.translation_of is not None:
        check_translation(session, article)
    if written.status == "draft":
        return save_change(unit, ArticleTransition(None, article, "created")), True
    article = publish(article, unit.now, raise_version=False)
    check_schedule(article, unit.now, "#/expires_at")
    return save_change(unit, ArticleTransition(None, article, "published")), True
