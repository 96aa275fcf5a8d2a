"""Move an article to the trash, with its public copy."""

from app.content.article import Article, deleted
from app.content.editing import Expected, article_to_change
from app.content.saving import Change, save
from app.kit.sql.unit_of_work import UnitOfWork


def delete_article(unit: UnitOfWork, ref: str, expected: Expected) -> Article:
    """Soft-delete an article: only the newsroom sees it, and it can be restored."""
    article = article_to_change(unit, ref, expected)
    return save(unit, Change(article, deleted(article, unit.now), "deleted"))
