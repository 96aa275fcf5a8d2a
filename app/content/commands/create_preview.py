"""Create a preview link, which shows anyone what is not public yet."""

from datetime import timedelta

from app.content import store
from app.content.article import Article
from app.content.command_inputs import PreviewInput
from app.content.editing import lock_article
from app.content.errors import WrongArticleState
from app.kit.errors import InvalidInput
from app.kit.ids import new_id
from app.kit.sql.unit_of_work import UnitOfWork

_USUAL = timedelta(days=7)
_LONGEST = timedelta(days=90)


def create_preview(unit: UnitOfWork, ref: str, order: PreviewInput) -> store.Preview:
    """Create a link that expires and can be revoked."""
    article = lock_article(unit, ref, None)
    _check(unit, article, order)
    preview = store.Preview(
        new_id(), article.id, order.as_of, order.expires_at or unit.now + _USUAL
    )
    store.insert_preview(unit.session, preview)
    unit.audit("created", "preview", article.id, None, preview._asdict())
    return preview


def _check(unit: UnitOfWork, article: Article, order: PreviewInput) -> None:
    if article.stage == "killed" or article.deleted_at is not None:
        raise WrongArticleState("This story was killed or deleted; nobody is to see it.")
    if order.as_of is not None and order.as_of <= unit.now:
        raise InvalidInput.at("#/as_of", "in_the_past", "Readers see the public side of now.")
    if order.expires_at is not None and order.expires_at <= unit.now:
        raise InvalidInput.at("#/expires_at", "in_the_past", "The link would have ended already.")
    if order.expires_at is not None and order.expires_at > unit.now + _LONGEST:
        detail = f"A link lasts {_LONGEST.days} days at the most."
        raise InvalidInput.at("#/expires_at", "out_of_range", detail)
