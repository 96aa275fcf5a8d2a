"""Publish an article's working copy."""

from app.content.article import Article, check_schedule, publish
from app.content.command_inputs import PublishInput
from app.content.editing import ExpectedVersions, lock_article
from app.content.saving import ArticleTransition, save_change
from app.kit.sql.unit_of_work import UnitOfWork


def publish_article(
    unit: UnitOfWork, ref: str, order: PublishInput, expected: ExpectedVersions
) -> Article:
    """Publish now, or at the time in the request or the article."""
    article = lock_article(unit, ref, expected)
    after = publish(article, unit.now, at=order.published_at, minor=order.update == "minor")
    check_schedule(after, unit.now, "#/published_at")
    return save_change(unit, ArticleTransition(article, after, "published"))
