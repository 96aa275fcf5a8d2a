"""Restore a deleted or killed article as a working copy."""

from app.access.caller import Caller
from app.access.scopes import Scope
from app.content.article import Article, restored
from app.content.editing import Expected, article_to_change
from app.content.orders import RestoreInput
from app.content.saving import Change, save
from app.content.translations import check_translation
from app.kit.errors import InvalidInput
from app.kit.sql.unit_of_work import UnitOfWork


def restore_article(
    unit: UnitOfWork, ref: str, order: RestoreInput, expected: Expected, caller: Caller
) -> Article:
    """Undo a deletion, or, as an administrator with a reason, a kill. It publishes nothing."""
    article = article_to_change(unit, ref, expected)
    if article.stage == "killed":
        caller.require(Scope.admin)
        if order.reason is None:
            raise InvalidInput.at("#/reason", "required", "Say why a killed story comes back.")
    back = restored(article, unit.now)
    # Another story may have taken its place in the translation group since.
    check_translation(unit.session, back)
    return save(unit, Change(article, back, "restored", note=order.reason))
