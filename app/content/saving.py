"""Save articles: rows, snapshots, public slugs, and events for the delivery side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import repeat
from typing import Any, Literal

from app.content import store
from app.content.article import INSTANTS, Article, is_current, to_row, was_public
from app.content.events import (
    ArticlePublished,
    ArticleWithdrawn,
    PublishReason,
    Tombstone,
    WithdrawReason,
)
from app.kit.clock import format_instant, parse_instant
from app.kit.sql.unit_of_work import UnitOfWork

Action = Literal[
    "created",
    "edited",
    "published",
    "scheduled",
    "unscheduled",
    "corrected",
    "unpublished",
    "killed",
    "deleted",
    "restored",
]


@dataclass(frozen=True, slots=True)
class ArticleTransition:
    """An article before (`None` if it is new) and after a command.

    `former_slugs` are set by an import: earlier public slugs of the story. `note` is the given
    reason.
    """

    before: Article | None
    after: Article
    action: Action
    former_slugs: tuple[str, ...] = ()
    note: str | None = None


def save_change(unit: UnitOfWork, change: ArticleTransition) -> Article:
    """Save one change with its audit entry, and return the changed article."""
    save_changes(unit, [change])
    before = None if change.before is None else _build_audit_state(change.before)
    unit.audit(change.action, "article", change.after.id, before, _build_audit_state(change.after))
    return change.after


def save_changes(unit: UnitOfWork, changes: Sequence[ArticleTransition]) -> None:
    """Save changes: rows, snapshots, public slugs, events."""
    created: list[Article] = []
    updated: list[tuple[Article, Article]] = []
    slugs: list[tuple[str, str]] = []
    revisions: list[store.ArticleRevision] = []
    for change in changes:
        before, after = change.before, change.after
        if before is None:
            created.append(after)
        else:
            updated.append((before, after))
        known = before is not None and is_current(before) and before.slug == after.slug
        if is_current(after) and not known:
            slugs.append((after.slug, after.id))
        slugs.extend(zip(change.former_slugs, repeat(after.id)))
        revisions.append(
            store.ArticleRevision(
                article_id=after.id,
                version=after.version,
                action=change.action,
                at=unit.now,
                actor_id=unit.actor.id,
                actor_name=unit.actor.name,
                note=change.note,
                snapshot=build_snapshot(after),
                actor_type=unit.actor.type,
            )
        )
    store.insert_articles(unit.session, created)
    store.update_articles(unit.session, updated)
    store.insert_revisions(unit.session, revisions)
    store.keep_public_slugs(unit.session, "article", slugs, unit.now)
    for change in changes:
        _emit_event(unit, change)


def build_snapshot(article: Article) -> dict[str, Any]:
    """Return an article as a JSON object with all fields."""
    snapshot = to_row(article)
    for name in INSTANTS:
        value = snapshot[name]
        if value is not None:
            snapshot[name] = format_instant(value)
    return snapshot


def parse_snapshot(snapshot: dict[str, Any]) -> Article:
    """Return the article in a snapshot."""
    fields = dict(snapshot)
    for name in INSTANTS:
        value: str | datetime | None = fields[name]
        if isinstance(value, str):
            fields[name] = parse_instant(value)
    return Article(**fields)


def _build_audit_state(article: Article) -> dict[str, Any]:
    """Return the audited state of an article; the revisions have the body."""
    noted = to_row(article)
    del noted["body"]
    return noted


def _emit_event(unit: UnitOfWork, change: ArticleTransition) -> None:
    had_public_copy = change.before is not None and change.before.stage == "published"
    if is_current(change.after):
        reason: PublishReason = "updated" if had_public_copy else "published"
        if change.action == "corrected":
            reason = "corrected"
        unit.events.append(
            ArticlePublished(
                change.after,
                reason,
                change.former_slugs,
                new=change.before is None,
            )
        )
    elif change.after.stage != "published" and (
        had_public_copy or change.former_slugs or _changes_answer(change)
    ):
        after, tombstone = change.after, build_tombstone(change.after)
        if change.before is None and tombstone is not None and was_public(after, unit.now):
            tombstone = replace(tombstone, seen=after)
        unit.events.append(
            ArticleWithdrawn(
                after.id, _find_withdraw_reason(change), change.former_slugs, tombstone
            )
        )


def build_tombstone(article: Article) -> Tombstone | None:
    """Return the tombstone of a story, or `None` if readers get a 404."""
    if article.answer is None or article.stage == "published":
        return None
    return Tombstone(article.answer, article.notice, article.redirect_to)


def _changes_answer(change: ArticleTransition) -> bool:
    before = build_tombstone(change.before) if change.before is not None else None
    return before != build_tombstone(change.after)


def _find_withdraw_reason(change: ArticleTransition) -> WithdrawReason:
    if change.after.stage == "killed":
        return "killed"
    return "deleted" if change.action == "deleted" else "unpublished"
