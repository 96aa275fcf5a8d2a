"""An article as a value, and the transitions of its life cycle as pure functions.

Commands load an article, apply a transition, and save the result. Nothing here accesses the
database, so the importer and the commands share it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal

from app.content.errors import VersionMismatch, WrongArticleState
from app.kit.clock import format_instant
from app.kit.errors import InvalidInput

Stage = Literal["draft", "published", "unpublished", "killed"]
WithdrawalAnswer = Literal["gone", "redirect", "killed"]
State = Literal["draft", "scheduled", "published", "expired", "unpublished", "killed", "deleted"]
STATES: tuple[State, ...] = (
    "draft",
    "scheduled",
    "published",
    "expired",
    "unpublished",
    "killed",
    "deleted",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A working copy, with the state of its story."""

    id: str
    slug: str
    stage: Stage
    version: int
    published_version: int | None
    source_id: str | None
    external_id: str | None
    kind: str
    language: str
    title: str
    summary: str | None
    body: str
    body_format: str
    body_base: str | None
    url: str | None
    categories: list[str]
    tags: list[str]
    authors: list[dict[str, Any]]
    image: dict[str, Any] | None
    rights: dict[str, Any] | None
    corrections: list[dict[str, Any]]
    dateline: str | None
    urgency: int | None
    translation_of: str | None
    published_at: datetime | None
    expires_at: datetime | None
    embargo_until: datetime | None
    first_published_at: datetime | None
    updated_at: datetime | None
    created_at: datetime
    modified_at: datetime
    deleted_at: datetime | None
    # Dates of the public copy, if there is one; the working copy may have other dates.
    # Readers with embargo access may read it from `offered_from` on.
    offered_from: datetime | None = None
    public_from: datetime | None = None
    public_until: datetime | None = None
    # The story was released: a clock that is set back does not make it scheduled again.
    released: bool = False
    # The local time of the schedule, if it was given as one.
    scheduled_at_local: str | None = None
    time_zone: str | None = None
    # The answer for readers of a withdrawn story unless it is a 404; the notice gives the reason.
    answer: WithdrawalAnswer | None = None
    notice: str | None = None
    redirect_to: str | None = None
    # How the text came about, as an IPTC code.
    digital_source_type: str | None = None
    # Words for routing, which are never public.
    labels: list[str] = field(default_factory=list)


FIELDS = tuple(member.name for member in fields(Article))
_VALUES = attrgetter(*FIELDS)
INSTANTS = frozenset(name for name in FIELDS if name.endswith(("_at", "_until", "_from")))


_NO_ANSWER: dict[str, Any] = dict.fromkeys(("answer", "notice", "redirect_to"))
_NO_LOCAL_TIME: dict[str, Any] = dict.fromkeys(("scheduled_at_local", "time_zone"))


def to_row(article: Article) -> dict[str, Any]:
    """Return an article's fields by name; nested values are shared, not copied."""
    return dict(zip(FIELDS, _VALUES(article), strict=True))


def compute_state(article: Article, now: datetime) -> State:
    """Return the state of a story at a time."""
    if article.deleted_at is not None:
        return "deleted"
    if article.stage != "published":
        return article.stage
    if _is_scheduled(article, now):
        return "scheduled"
    if article.public_until is not None and article.public_until <= now:
        return "expired"
    return "published"


def find_answer(article: Article, now: datetime) -> WithdrawalAnswer | None:
    """Return the answer for readers of a withdrawn story; a public story has none."""
    if article.stage == "published" and compute_state(article, now) != "scheduled":
        return None
    return article.answer


def is_current(article: Article) -> bool:
    """Tell whether the working copy is the public copy."""
    return article.stage == "published" and article.published_version == article.version


def check_version(current: int, expected: Iterable[int] | None) -> None:
    """Refuse a change if the current version is not an expected one; `None` accepts any."""
    if expected is not None and current not in expected:
        raise VersionMismatch(
            f"The current version is {current}. Read it again, and repeat your change on it."
        )


def edit(article: Article, written: dict[str, Any], now: datetime) -> Article:
    """Return the next version with these fields, or the same object if nothing differs."""
    if all(getattr(article, name) == value for name, value in written.items()):
        return article
    return replace(article, **written, version=article.version + 1, modified_at=now)


def publish(
    article: Article,
    now: datetime,
    *,
    at: datetime | None = None,
    minor: bool = False,
    raise_version: bool = True,
) -> Article:
    """Return the article with its working copy as its public copy.

    `at` replaces the publication time; without it, the time is kept or becomes `now`. If the
    embargo ends later, publication waits for it. A minor update keeps `updated_at`.
    """
    _require_alive(article, "published")
    offered = at or _find_requested_time(article, now) or now
    moment = _apply_embargo(article, offered, now)
    out = moment <= now or (article.released and moment == article.public_from)
    first = not was_public(article, now)
    updated_at = moment
    if out and article.updated_at is not None:
        updated_at = article.updated_at if minor else max(now, moment)
    return replace(
        article,
        # The answer of a withdrawn story remains until the story is public again.
        **(_NO_ANSWER if out else {}),
        **(_NO_LOCAL_TIME if out or moment != article.published_at else {}),
        stage="published",
        version=article.version + 1 if raise_version else article.version,
        published_version=article.version + 1 if raise_version else article.version,
        published_at=moment,
        offered_from=offered,
        public_from=moment,
        public_until=article.expires_at,
        released=out,
        first_published_at=moment if first else article.first_published_at,
        updated_at=updated_at,
        modified_at=now,
    )


def schedule(
    article: Article, at: datetime, now: datetime, *, local: str | None, time_zone: str | None
) -> Article:
    """Return the article with its working copy scheduled for a time in the future.

    The local time and the time zone are kept, because rules for summer time change.
    """
    if compute_state(article, now) == "published":
        raise WrongArticleState("This story is public. Unpublish it before it can be scheduled.")
    return replace(publish(article, now, at=at), scheduled_at_local=local, time_zone=time_zone)


def check_schedule(article: Article, now: datetime, pointer: str) -> None:
    """Refuse a future publication of a story that expires before readers could see it.

    A past publication may have expired, as in an archive. `pointer` is the field to report.
    """
    at, ends = article.offered_from, article.public_until
    if at is None or ends is None or at <= now or ends > at:
        return
    detail = (
        f"The story would come out at {format_instant(at)} and expires at {format_instant(ends)}, "
        "so nobody would ever see it. Let it come out earlier, or change expires_at."
    )
    raise InvalidInput.at(pointer, "never_public", detail)


def unschedule(article: Article, now: datetime) -> Article:
    """Return the article as it was before it was scheduled."""
    state = compute_state(article, now)
    if state != "scheduled":
        raise WrongArticleState(f"This story is {state}; there is no schedule to cancel.")
    ahead = article.published_at is not None and article.published_at > now
    return replace(
        _remove_public_copy(article, now),
        stage="unpublished" if was_public(article, now) else "draft",
        published_at=None if ahead else article.published_at,
        version=article.version + 1,
        modified_at=now,
    )


def correct(
    article: Article, fields: dict[str, Any], correction: dict[str, Any], now: datetime
) -> Article:
    """Return a corrected public copy, with a note for readers."""
    state = compute_state(article, now)
    if state != "published":
        raise WrongArticleState(f"This story is {state}; only what is public can be corrected.")
    return replace(
        article,
        **fields,
        corrections=[*article.corrections, correction],
        version=article.version + 1,
        published_version=article.version + 1,
        updated_at=max(now, article.updated_at or now),
        modified_at=now,
    )


def unpublish(
    article: Article,
    now: datetime,
    answer: WithdrawalAnswer | None = None,
    *,
    notice: str | None = None,
    redirect_to: str | None = None,
) -> Article:
    """Return the article without a public copy, or with another answer for its readers."""
    _require_alive(article, "unpublished")
    said = (answer, notice, redirect_to)
    same = said == (article.answer, article.notice, article.redirect_to)
    if article.stage == "draft" or (article.stage == "unpublished" and same):
        raise WrongArticleState(f"This story is {article.stage}, so it cannot be unpublished.")
    return replace(
        _remove_public_copy(article, now),
        answer=answer,
        notice=notice,
        redirect_to=redirect_to,
        stage="unpublished",
        version=article.version + 1,
        modified_at=now,
    )


def kill(article: Article, notice: str, now: datetime) -> Article:
    """Return the article withdrawn for good: readers get the notice, whatever they got before."""
    _require_alive(article, "killed")
    return replace(
        _remove_public_copy(article, now),
        answer="killed",
        notice=notice,
        redirect_to=None,
        stage="killed",
        version=article.version + 1,
        modified_at=now,
    )


def delete(article: Article, now: datetime) -> Article:
    """Return the article in the trash, without a public copy; it can be restored."""
    _require_alive(article, "deleted")
    was_out = compute_state(article, now) in {"published", "expired"}
    return replace(
        _remove_public_copy(article, now),
        **(_NO_ANSWER if was_out else {}),
        stage="unpublished" if article.stage == "published" else article.stage,
        version=article.version + 1,
        modified_at=now,
        deleted_at=now,
    )


def restore(article: Article, now: datetime) -> Article:
    """Return a deleted or killed article as a working copy.

    Publishing it again is a separate step. Until then, readers still get the notice of a kill.
    """
    if article.deleted_at is None and article.stage != "killed":
        raise WrongArticleState(
            "This story is neither deleted nor killed: nothing is to be restored."
        )
    back: Stage = "unpublished" if article.first_published_at else "draft"
    return replace(
        article,
        stage=back if article.stage == "killed" else article.stage,
        version=article.version + 1,
        modified_at=now,
        deleted_at=None,
    )


def was_public(article: Article, now: datetime) -> bool:
    """Tell whether a story has ever been public."""
    first = article.first_published_at
    return first is not None and (article.released or first <= now)


def _is_scheduled(article: Article, now: datetime) -> bool:
    """Tell whether the public copy is scheduled."""
    return article.public_from is not None and article.public_from > now and not article.released


def _remove_public_copy(article: Article, now: datetime) -> Article:
    first = article.first_published_at if was_public(article, now) else None
    return replace(
        article,
        **_NO_LOCAL_TIME,
        published_at=_find_pending_time(article, now),
        published_version=None,
        offered_from=None,
        public_from=None,
        public_until=None,
        released=False,
        # A story that was withdrawn before its time was never published. A story that was public
        # was so before now, even if the clock was set back since.
        first_published_at=None if first is None else min(first, now),
    )


def _find_requested_time(article: Article, now: datetime) -> datetime | None:
    """Return the requested publication time, without the delay of an embargo."""
    untouched = article.published_at == article.public_from
    waits = _is_scheduled(article, now)
    return article.offered_from if waits and untouched else article.published_at


def _find_pending_time(article: Article, now: datetime) -> datetime | None:
    """Return when a withdrawn story should come out if it is published again.

    Nobody requested the end of an embargo as publication time, so a story that was readable under
    an embargo starts without a time.
    """
    asked = _find_requested_time(article, now)
    offered = asked != article.published_at and asked is not None and asked <= now
    return None if offered else asked


def _apply_embargo(article: Article, moment: datetime, now: datetime) -> datetime:
    """Return the time from which all readers may read a story that is offered at `moment`."""
    if article.embargo_until is not None and article.embargo_until > moment:
        return article.embargo_until
    waited = _is_scheduled(article, now)
    # A story whose embargo was lifted is published now, not when it was first offered.
    return max(moment, now) if waited and moment == article.offered_from else moment


def _require_alive(article: Article, verb: str) -> None:
    if article.deleted_at is not None:
        raise WrongArticleState(f"This story is deleted. Restore it before it can be {verb}.")
    if article.stage == "killed":
        raise WrongArticleState(f"This story was killed, so it cannot be {verb}.")
