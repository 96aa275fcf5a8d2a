"""Save articles: rows, snapshots, public slugs, and events for the delivery side."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import repeat
from typing import Any, Literal

from app.content import store
from app.content.article import INSTANTS, Article, as_row, has_been_out, is_current
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
class Change:
    """An article before (`None` if it is new) and after a command.

    `former_slugs` are set by an import: earlier public slugs of the story. `note` is the given
    reason.
    """

    before: Article | None
    after: Article
    action: Action
    former_slugs: tuple[str, ...] = ()
    note: str | None = None


def save(unit: UnitOfWork, change: Change) -> Article:
    """Save one change with its audit entry, and return the changed article."""
    save_all(unit, [change])
    before = None if change.before is None else _noted(change.before)
    unit.audit(change.action, "article", change.after.id, before, _noted(change.after))
    return change.after


def save_all(unit: UnitOfWork, changes: Sequence[Change]) -> None:
    """Save changes: rows, snapshots, public slugs, events."""
    created: list[Article] = []
    updated: list[tuple[Article, Article]] = []
    slugs: list[tuple[str, str]] = []
    revisions: list[store.Revision] = []
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
            store.Revision(
                article_id=after.id,
                version=after.version,
                action=change.action,
                at=unit.now,
                actor_id=unit.actor.id,
                actor_name=unit.actor.name,
                note=change.note,
                snapshot=snapshot_of(after),
            )
        )
    store.insert_articles(unit.session, created)
    store.update_articles(unit.session, updated)
    store.insert_revisions(unit.session, revisions)
    store.keep_public_slugs(unit.session, "article", slugs, unit.now)
    for change in changes:
        _tell(unit, change)


def snapshot_of(article: Article) -> dict[str, Any]:
    """Return an article as a JSON object with all fields."""
    snapshot = as_row(article)
    for name in INSTANTS:
        value = snapshot[name]
        if value is not None:
            snapshot[name] = format_instant(value)
    return snapshot


def from_snapshot(snapshot: dict[str, Any]) -> Article:
    """Return the article in a snapshot."""
    fields = dict(snapshot)
    for name in INSTANTS:
        value: str | datetime | None = fields[name]
        if isinstance(value, str):
            fields[name] = parse_instant(value)
    return Article(**fields)


def _noted(article: Article) -> dict[str, Any]:
    """Return the audited state of an article; the revisions have the body."""
    noted = as_row(article)
    del noted["body"]
    return noted


def _tell(unit: UnitOfWork, change: Change) -> None:
    was_public = change.before is not None and change.before.stage == "published"
    if is_current(change.after):
        reason: PublishReason = "updated" if was_public else "published"
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
        was_public or change.former_slugs or _answers_otherwise(change)
    ):
        after, tombstone = change.after, tombstone_of(change.after)
        if change.before is None and tombstone is not None and has_been_out(after, unit.now):
            tombstone = replace(tombstone, seen=after)
        unit.events.append(
            ArticleWithdrawn(after.id, _withdraw_reason(change), change.former_slugs, tombstone)
        )


def tombstone_of(article: Article) -> Tombstone | None:
    """Return the tombstone of a story, or `None` if readers get a 404."""
    if article.answer is None or article.stage == "published":
        return None
    return Tombstone(article.answer, article.notice, article.redirect_to)


def _answers_otherwise(change: Change) -> bool:
    before = tombstone_of(change.before) if change.before is not None else None
    return before != tombstone_of(change.after)


def _withdraw_reason(change: Change) -> WithdrawReason:
    if change.after.stage == "killed":
        return "killed"
    return "deleted" if change.action == "deleted" else "unpublished"
