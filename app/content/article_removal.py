"""Delete a story's rows, and link its translations to one another instead."""

from dataclasses import replace
from datetime import datetime

from app.access.store import delete_answers_about
from app.content import store
from app.content.article import Article, is_current
from app.content.events import ArticleRemoved
from app.content.locks import TRANSLATIONS
from app.content.saving import ArticleTransition, save_changes
from app.kit.errors import ConstraintViolated
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners.store.receipts import delete_receipts


def remove_article(unit: UnitOfWork, article: Article, *, erased: bool) -> None:
    """Delete the rows of a locked story, and emit an event."""
    _unlink_translations(unit, article)
    store.delete_article(unit.session, article.id)
    delete_answers_about(unit.session, article.id)
    delete_receipts(unit.session, [article.id])
    unit.events.append(ArticleRemoved(article.id, erased=erased))


def _unlink_translations(unit: UnitOfWork, article: Article) -> None:
    """Make the first translation of a story the original of the others."""
    ids = _find_translations(unit, article)
    if not ids:
        return
    tied = store.lock_articles_by_ids(unit.session, ids)
    unit.session.lock(TRANSLATIONS)
    if _find_translations(unit, article) != ids:
        raise ConstraintViolated("A story was tied to this one at the same time.")
    first = min(ids)
    changes = [
        ArticleTransition(
            translation, _relink(translation, None if id_ == first else first, unit.now), "edited"
        )
        for id_, translation in sorted(tied.items())
    ]
    save_changes(unit, changes)


def _find_translations(unit: UnitOfWork, article: Article) -> set[str]:
    rows = store.load_group_members(unit.session, {article.id})
    return {row.id for row in rows if row.translation_of == article.id}


def _relink(article: Article, original: str | None, now: datetime) -> Article:
    version = article.version + 1
    return replace(
        article,
        translation_of=original,
        version=version,
        # If the working copy is the public copy, both change.
        published_version=version if is_current(article) else article.published_version,
        modified_at=now,
    )
