"""Apply a command to many stories in one transaction: to all or none, or to each that it fits."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.access.caller import Caller
from app.content import store
from app.content.article import Article
from app.content.command_inputs import (
    BulkInput,
    CorrectInput,
    KillInput,
    PublishInput,
    RestoreInput,
    ScheduleInput,
    UnpublishInput,
)
from app.content.commands.correct_article import correct_article
from app.content.commands.delete_article import delete_article
from app.content.commands.kill_article import kill_article
from app.content.commands.publish_article import publish_article
from app.content.commands.restore_article import restore_article
from app.content.commands.schedule_article import schedule_article
from app.content.commands.unpublish_article import unpublish_article
from app.content.errors import BulkRefused
from app.content.references import ReferenceResolver
from app.kit.errors import Failure, FieldError
from app.kit.ids import normalize_ref
from app.kit.sql.unit_of_work import UnitOfWork

ArticleCommand = Callable[[str], Article]
_COMMANDS: dict[str, tuple[Any, Any]] = {
    "publish": (publish_article, PublishInput),
    "schedule": (schedule_article, ScheduleInput),
    "unpublish": (unpublish_article, UnpublishInput),
    "correct": (correct_article, CorrectInput),
    "kill": (kill_article, KillInput),
}


@dataclass(frozen=True, slots=True)
class BulkResult:
    """The result for one story: its new state, or why the command was refused."""

    ref: str
    article: Article | None
    wrong: Failure | None


def run_bulk(unit: UnitOfWork, order: BulkInput, caller: Caller) -> list[BulkResult]:
    """Apply a command to stories of any version; in an atomic order, no story may refuse it."""
    act = _build_command(unit, order, caller)
    found = _lock(unit, order.refs)
    results = [_attempt(unit, ref, found.get(ref, ref), act) for ref in order.refs]
    refused = [
        FieldError(f"#/refs/{index}", "refused", result.wrong.detail)
        for index, result in enumerate(results)
        if result.wrong is not None
    ]
    if refused and order.atomic:
        detail = f"{len(refused)} of {len(results)} stories did not take it, so none did."
        raise BulkRefused(detail, errors=refused)
    return results


def _build_command(unit: UnitOfWork, order: BulkInput, caller: Caller) -> ArticleCommand:
    """Return a function that applies the command to a story; validate its input once."""
    if order.verb == "delete":
        return partial(delete_article, unit, expected=None)
    if order.verb == "restore":
        told = RestoreInput.read(order.body)
        return lambda ref: restore_article(unit, ref, told, None, caller)
    command, model = _COMMANDS[order.verb]
    return partial(command, unit, order=model.read(order.body), expected=None)


def _lock(unit: UnitOfWork, refs: list[str]) -> dict[str, str]:
    """Lock all stories in the same order everywhere, to prevent deadlocks.

    Return their ids by refs; unknown refs are left out.
    """
    references = ReferenceResolver(unit.session)
    references.load_all("article", refs)
    located = {ref: _find_id(unit, ref, references) for ref in refs}
    found = {ref: id_ for ref, id_ in located.items() if id_ is not None}
    store.lock_articles_by_ids(unit.session, set(found.values()))
    return found


def _find_id(unit: UnitOfWork, ref: str, references: ReferenceResolver) -> str | None:
    """Return the id of a story; a former slug is accepted, as redirects of single commands do."""
    id_ = references.find_id("article", ref)
    if id_ is not None:
        return id_
    slug = store.find_current_slug(unit.session, "article", normalize_ref(ref))
    return references.find_id("article", slug) if slug is not None else None


def _attempt(unit: UnitOfWork, ref: str, id_: str, act: ArticleCommand) -> BulkResult:
    try:
        with unit.savepoint():
            return BulkResult(ref, act(id_), None)
    except Failure as wrong:
        return BulkResult(ref, None, wrong)
