"""Erase a story in any state, with all of its content."""

from app.access.store import erase_answers
from app.access.store.audit_log import erase_states
from app.content import store
from app.content.article import Article
from app.content.article_removal import remove_article
from app.content.editing import lock_article
from app.kit.sql.unit_of_work import UnitOfWork


def erase_article(unit: UnitOfWork, ref: str) -> Article:
    """Erase a story; its audit entries keep only actions, actors and times."""
    article = lock_article(unit, ref, None)
    words = {article.id, article.slug, article.title}
    words |= set(store.load_public_slugs(unit.session, "article", [article.id]).get(article.id, ()))
    remove_article(unit, article, erased=True)
    store.delete_public_slugs(unit.session, "article", article.id)
    erase_answers(unit.session, words)
    erase_states(unit.session, article.id)
    unit.audit("erased", "article", article.id, None, None)
    return article
