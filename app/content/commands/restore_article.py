"""Restore a deleted or killed article as a working copy."""

from app.access.caller import Caller
from app.access.scopes import Scope
from app.content.article import Article, restore
from app.content.command_inputs import RestoreInput
from app.content.editing import ExpectedVersions, lock_article
from app.content.saving import ArticleTransition, save_change
from app.content.translations import check_translation
from app.kit.errors import InvalidInput
from app.kit.sql.unit_of_work import UnitOfWork


def restore_article(
    unit: UnitOfWork, ref: str, order: RestoreInput, expected: ExpectedVersions, caller: Caller
) -> Article:
    """Undo a deletion, or, as an administrator with a reason, a kill. It publishes nothing."""
    article = lock_article(unit, ref, expected)
    if article.stage == "killed":
        caller.require(Scope.admin)
        if order.reason is None:
            raise InvalidInput.at("#/reason", "required", "Say why a killed story comes back.")
    back = restore(article, unit.now)
    # Another story may have taken its place in the translation group since.
    check_translation(unit.session, back)
    return save_change(unit, ArticleTransition(article, back, "restored", note=order.reason))
