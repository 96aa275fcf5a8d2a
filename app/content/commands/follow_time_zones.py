"""Keep schedules at their local times when the rules of a time zone change."""

from dataclasses import replace
from datetime import datetime

from app.content import store
from app.content.article import Article, publish
from app.content.local_time import resolve_accepted_time
from app.content.public_copy import load_public_copy, save_public_copy
from app.kit.errors import InvalidInput
from app.kit.sql.unit_of_work import UnitOfWork

BATCH = 200


def follow_time_zones(unit: UnitOfWork, after: str = "") -> tuple[int, str | None]:
    """Move schedules in time zones with new rules.

    Return the number of moved schedules, and the id to continue after, if there are more.
    """
    found = store.lock_scheduled_in_zones(unit.session, unit.now, after, BATCH)
    moved = sum(_reschedule(unit, article) for article in found)
    return moved, found[-1].id if len(found) == BATCH else None


def _reschedule(unit: UnitOfWork, article: Article) -> bool:
    at = _resolve(article)
    if at is None:
        return False
    public = load_public_copy(unit.session, article)
    copy = publish(public, unit.now, at=at)
    if (copy.offered_from, copy.public_from) == (public.offered_from, public.public_from):
        return False
    # The local time is the same; only the instant differs.
    copy = replace(copy, scheduled_at_local=article.scheduled_at_local, time_zone=article.time_zone)
    untouched = article.published_at == public.published_at
    at = copy.published_at if untouched else article.published_at
    note = f"The rules of {article.time_zone} have changed."
    save_public_copy(
        unit, article, copy, "scheduled", note=note, fields=lambda: {"published_at": at}
    )
    return True


def _resolve(article: Article) -> datetime | None:
    if article.scheduled_at_local is None or article.time_zone is None:
        return None
    try:
        return resolve_accepted_time(article.scheduled_at_local, article.time_zone)
    except InvalidInput:
        # The zone is unknown here now; the instant stays as it was resolved before.
        return None
