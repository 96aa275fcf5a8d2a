"""Purge a deleted story: its working copy, its revisions and its previews."""

from datetime import timedelta

from app.content import store
from app.content.article import Article, compute_state
from app.content.article_removal import remove_article
from app.content.editing import ExpectedVersions, lock_article
from app.content.errors import WrongArticleState
from app.kit.sql.unit_of_work import UnitOfWork

BATCH = 50


def purge_article(unit: UnitOfWork, ref: str, expected: ExpectedVersions) -> None:
    """Purge a deleted story; it cannot be restored."""
    article = lock_article(unit, ref, expected)
    if article.deleted_at is None:
        state = compute_state(article, unit.now)
        raise WrongArticleState(f"This story is {state}. Delete it before it is purged.")
    _purge(unit, article)


def purge_trash(unit: UnitOfWork, days: int) -> int:
    """Purge a batch of stories that were deleted more than so many days ago; count them.

    0 days keep deleted stories for ever.
    """
    if not days:
        return 0
    ids = store.find_deleted_before(unit.session, unit.now - timedelta(days=days), BATCH)
    articles = store.lock_articles_by_ids(unit.session, ids)
    for _, article in sorted(articles.items()):
        # It may have been restored before it was locked.
        if article.deleted_at is not None:
            _purge(unit, article)
    return len(ids)


def _purge(unit: UnitOfWork, article: Article) -> None:
    remove_article(unit, article, erased=False)
    unit.audit("purged", "article", article.id, None, None)
