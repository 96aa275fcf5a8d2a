"""The public copy of a story whose working copy may be ahead of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.content import store
from app.content.article import Article, is_current
from app.content.saving import Action, ArticleTransition, parse_snapshot, save_change
from app.kit.sql.session import ReadSession
from app.kit.sql.unit_of_work import UnitOfWork


def load_public_copy(session: ReadSession, article: Article) -> Article:
    """Return the public copy, with the current version of the article."""
    if is_current(article) or article.published_version is None:
        return article
    key = (article.id, article.published_version)
    snapshot = store.load_snapshots(session, [key])[article.id]
    copy = parse_snapshot(snapshot)
    return replace(copy, version=article.version, released=article.released)


def save_public_copy(
    unit: UnitOfWork,
    article: Article,
    copy: Article,
    action: Action,
    *,
    note: str | None,
    fields: Callable[[], dict[str, Any]],
) -> Article:
    """Save a changed public copy; if the working copy is ahead of it, save that, too.

    `fields` returns the changed fields of the working copy.
    """
    save_change(unit, ArticleTransition(article, copy, action, note=note))
    if is_current(article):
        return copy
    ahead = replace(
        article,
        **fields(),
        version=copy.version + 1,
        published_version=copy.version,
        offered_from=copy.offered_from,
        public_from=copy.public_from,
        public_until=copy.public_until,
        released=copy.released,
        updated_at=copy.updated_at,
        modified_at=copy.modified_at,
    )
    return save_change(unit, ArticleTransition(copy, ahead, action, note=note))
