"""Publish an article's working copy."""

from app.content.article import Article, check_schedule, published
from app.content.editing import Expected, article_to_change
from app.content.orders import PublishInput
from app.content.saving import Change, save
from app.kit.sql.unit_of_work import UnitOfWork


def publish_article(unit: UnitOfWork, ref: str, order: PublishInput, expected: Expected) -> Article:
    """Publish now, or at the time in the request or the article."""
    article = article_to_change(unit, ref, expected)
    after = published(article, unit.now, at=order.published_at, minor=order.update == "minor")
    check_schedule(after, unit.now, "#/published_at")
    return save(unit, Change(article, after, "published"))
