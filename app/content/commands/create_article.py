"""Create an article, or update the article that has the external id already."""

from app.content import store
from app.content.article import Article, check_schedule, check_version, published
from app.content.commands.edit_article import rewrite_article
from app.content.drafting import (
    base_of,
    given_slug,
    made_slug,
    new_article,
    written_fields,
)
from app.content.editing import Expected
from app.content.inputs import ArticleInput
from app.content.references import References
from app.content.saving import Change, save
from app.content.translations import check_translation
from app.kit.ids import new_id
from app.kit.sql.unit_of_work import UnitOfWork


def create_article(
    unit: UnitOfWork,
    written: ArticleInput,
    expected: Expected = None,
    references: References | None = None,
) -> tuple[Article, bool]:
    """Return the article and whether it is new.

    If the source has a story with this `external_id`, that story is updated, and its version is
    checked against `expected`. `references` are loaded with what the input refers to.
    """
    references = References(unit.session) if references is None else references
    references.load_inputs([written])
    fields = written_fields(written, references, base_of(written, references), unit.prepared)
    session = unit.session
    if written.external_id is not None:
        known = store.article_by_external_id(session, fields["source_id"], written.external_id)
        if known is not None:
            check_version(known.version, expected)
            return rewrite_article(unit, known, written), False
    slug = (
        given_slug(session, "article", written.slug)
        if written.slug
        else made_slug(session, "article", written.title)
    )
    article = new_article(new_id(), slug, fields, unit.now)
    if article.translation_of is not None:
        check_translation(session, article)
    if written.status == "draft":
        return save(unit, Change(None, article, "created")), True
    article = published(article, unit.now, raise_version=False)
    check_schedule(article, unit.now, "#/expires_at")
    return save(unit, Change(None, article, "published")), True
