"""Move an article to the trash, with its public copy."""

from app.content.article import Article, delete
from app.content.editing import ExpectedVersions, lock_article
from app.content.saving import ArticleTransition, save_change
from app.kit.sql.unit_of_work import UnitOfWork


def delete_article(unit: UnitOfWork, ref: str, expected: ExpectedVersions) -> Article:
    """Soft-delete an article: only the newsroom sees it, and it can be restored."""
    article = lock_article(unit, ref, expected)
    return save_change(unit, ArticleTransition(article, delete(article, unit.now), "deleted"))
