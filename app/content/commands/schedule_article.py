"""Schedule or unschedule a publication."""

from datetime import datetime

from app.content.article import Article, check_schedule, schedule, unschedule
from app.content.command_inputs import ScheduleInput
from app.content.editing import ExpectedVersions, lock_article
from app.content.local_time import is_local_time, normalize_local_time, resolve_local_time
from app.content.saving import ArticleTransition, save_change
from app.kit.clock import parse_instant
from app.kit.errors import InvalidInput
from app.kit.sql.unit_of_work import UnitOfWork


def schedule_article(
    unit: UnitOfWork, ref: str, order: ScheduleInput, expected: ExpectedVersions
) -> Article:
    """Schedule the working copy, move its schedule, or cancel it before it is due."""
    article = lock_article(unit, ref, expected)
    if order.at is None:
        return save_change(
            unit, ArticleTransition(article, unschedule(article, unit.now), "unscheduled")
        )
    at = _parse_time(order.at, order.time_zone)
    if at <= unit.now:
        raise InvalidInput.at("#/at", "in_the_past", "That has passed. Publish it instead.")
    local = normalize_local_time(order.at) if order.time_zone else None
    after = schedule(article, at, unit.now, local=local, time_zone=order.time_zone)
    check_schedule(after, unit.now, "#/at")
    return save_change(unit, ArticleTransition(article, after, "scheduled"))


def _parse_time(at: str, time_zone: str | None) -> datetime:
    if is_local_time(at):
        if time_zone is None:
            detail = "A local time needs a time_zone; an instant ends with Z or an offset."
            raise InvalidInput.at("#/time_zone", "required", detail)
        return resolve_local_time(at, time_zone)
    try:
        instant = parse_instant(at)
    except ValueError as error:
        detail = "Give an instant such as 2026-03-29T08:00:00Z, or a local time and its zone."
        raise InvalidInput.at("#/at", "bad_instant", detail) from error
    if time_zone is not None:
        detail = "It goes with a local time; this instant has an offset of its own."
        raise InvalidInput.at("#/time_zone", "not_allowed", detail)
    return instant
