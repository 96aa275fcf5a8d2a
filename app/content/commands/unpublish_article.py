"""Remove a story's public copy; the working copy stays."""

from app.content import store
from app.content.article import Article, WithdrawalAnswer, unpublish
from app.content.command_inputs import UnpublishInput
from app.content.editing import ExpectedVersions, lock_article
from app.content.references import ReferenceResolver
from app.content.saving import ArticleTransition, save_change
from app.kit.errors import InvalidInput
from app.kit.sql.unit_of_work import UnitOfWork


def unpublish_article(
    unit: UnitOfWork, ref: str, order: UnpublishInput, expected: ExpectedVersions
) -> Article:
    """Unpublish a story: readers get a 404, a 410 with a notice, or a redirect."""
    article = lock_article(unit, ref, expected)
    _check_order(order)
    answer: WithdrawalAnswer | None = None if order.answer == "not_found" else order.answer
    target = _find_target(unit, article, order.redirect_to) if order.redirect_to else None
    after = unpublish(article, unit.now, answer, notice=order.notice, redirect_to=target)
    return save_change(unit, ArticleTransition(article, after, "unpublished", note=order.notice))


def _check_order(order: UnpublishInput) -> None:
    """Refuse fields that do not belong to the answer, instead of ignoring them."""
    if order.answer == "redirect" and order.redirect_to is None:
        raise InvalidInput.at("#/redirect_to", "required", "Name the story to lead readers to.")
    if order.answer != "redirect" and order.redirect_to is not None:
        raise InvalidInput.at("#/redirect_to", "not_allowed", "It goes with a redirect alone.")
    if order.answer != "gone" and order.notice is not None:
        raise InvalidInput.at("#/notice", "not_allowed", "Readers get a notice with gone alone.")


def _find_target(unit: UnitOfWork, article: Article, ref: str) -> str:
    references = ReferenceResolver(unit.session)
    references.load("article", ref)
    target = references.get_id("article", ref, "#/redirect_to")
    if target == article.id:
        raise InvalidInput.at("#/redirect_to", "cycle", "A story cannot lead to itself.")
    if _leads_back(unit, article, target):
        raise InvalidInput.at("#/redirect_to", "cycle", "That story leads back to this one.")
    return target


def _leads_back(unit: UnitOfWork, article: Article, target: str | None) -> bool:
    """Tell whether the redirects would form a cycle, as long as none of its stories is public."""
    visited: set[str] = set()
    while target is not None and target not in visited and target != article.id:
        visited.add(target)
        other = store.find_article(unit.session, target)
        # A story that is published or scheduled is not redirected.
        elsewhere = other is not None and other.stage != "published"
        target = other.redirect_to if other is not None and elsewhere else None
    return target == article.id
