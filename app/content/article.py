"""An article as a value, and the transitions of its life as pure functions.

Commands load an article, apply one of these, and save what comes out. Nothing here touches
the database, so the importer and the single verbs share it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from operator import attrgetter
from typing import Any, Literal

from app.content.errors import VersionMismatch, WrongState
from app.kit.clock import format_instant
from app.kit.errors import InvalidInput

Stage = Literal["draft", "published", "unpublished", "killed"]
Answer = Literal["gone", "redirect", "killed"]
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
    """A working copy, with where its story stands."""

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
    # Of the public copy, where there is one: the working copy may say something else by now.
    # To those who may read what is under embargo it is offered before it is public.
    offered_from: datetime | None = None
    public_from: datetime | None = None
    public_until: datetime | None = None
    # It is out for good: a clock that is set back does not make it wait again.
    released: bool = False
    # How its schedule was said, where it was said in local time.
    scheduled_at_local: str | None = None
    time_zone: str | None = None
    # What readers get where the story was, but for a 404; the notice says why.
    answer: Answer | None = None
    notice: str | None = None
    redirect_to: str | None = None
    # How it came about, as one of IPTC's codes.
    digital_source_type: str | None = None


FIELDS = tuple(field.name for field in fields(Article))
_VALUES = attrgetter(*FIELDS)
INSTANTS = frozenset(name for name in FIELDS if name.endswith(("_at", "_until", "_from")))


_NO_ANSWER: dict[str, Any] = dict.fromkeys(("answer", "notice", "redirect_to"))
_NO_LOCAL_TIME: dict[str, Any] = dict.fromkeys(("scheduled_at_local", "time_zone"))


def as_row(article: Article) -> dict[str, Any]:
    """Return an article's fields by name; nested values are shared, not copied."""
    return dict(zip(FIELDS, _VALUES(article), strict=True))


def state_of(article: Article, now: datetime) -> State:
    """Say where a story stands at a moment."""
    if article.deleted_at is not None:
        return "deleted"
    if article.stage != "published":
        return article.stage
    if _waits(article, now):
        return "scheduled"
    if article.public_until is not None and article.public_until <= now:
        return "expired"
    return "published"


def standing_answer(article: Article, now: datetime) -> Answer | None:
    """Return what readers get where a story was; one that is public answers for itself."""
    if article.stage == "published" and state_of(article, now) != "scheduled":
        return None
    return article.answer


def is_current(article: Article) -> bool:
    """Tell whether the working copy is the one that is public."""
    return article.stage == "published" and article.published_version == article.version


def check_version(current: int, expected: Iterable[int] | None) -> None:
    """Refuse a change that was made to another version; `None` accepts any."""
    if expected is not None and current not in expected:
        raise VersionMismatch(
            f"The current version is {current}. Read it again, and repeat your change on it."
        )


def edited(article: Article, written: dict[str, Any], now: datetime) -> Article:
    """Return the next version with what was written, or the same object if nothing differs."""
    if all(getattr(article, name) == value for name, value in written.items()):
        return article
    return replace(article, **written, version=article.version + 1, modified_at=now)


def published(
    article: Article,
    now: datetime,
    *,
    at: datetime | None = None,
    minor: bool = False,
    raise_version: bool = True,
) -> Article:
    """Return the article as its public copy should be.

    `at` replaces the instant of publication; without one, it is kept or becomes now. Where the
    embargo ends later, publication waits for it. A minor update leaves `updated_at` as it was.
    """
    _need_alive(article, "published")
    offered = at or _asked_for(article, now) or now
    moment = _after_embargo(article, offered, now)
    out = moment <= now or (article.released and moment == article.public_from)
    first = not has_been_out(article, now)
    updated_at = moment
    if out and article.updated_at is not None:
        updated_at = article.updated_at if minor else max(now, moment)
    return replace(
        article,
        # Where it was, readers are told why it is gone until it is there again.
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


def scheduled(
    article: Article, at: datetime, now: datetime, *, local: str | None, time_zone: str | None
) -> Article:
    """Return the article with its working copy to be public at an instant that lies ahead.

    The local time and the zone in which it was said are kept: rules of summer time change.
    """
    if state_of(article, now) == "published":
        raise WrongState("This story is public. Unpublish it before it can be scheduled.")
    return replace(published(article, now, at=at), scheduled_at_local=local, time_zone=time_zone)


def check_schedule(article: Article, now: datetime, pointer: str) -> None:
    """Refuse a publication that lies ahead, where the story expires before anybody could see it.

    What has come out may have expired long ago, as in an archive. `pointer` is the field to blame.
    """
    at, ends = article.offered_from, article.public_until
    if at is None or ends is None or at <= now or ends > at:
        return
    detail = (
        f"The story would come out at {format_instant(at)} and expires at {format_instant(ends)}, "
        "so nobody would ever see it. Let it come out earlier, or change expires_at."
    )
    raise InvalidInput.at(pointer, "never_public", detail)


def unscheduled(article: Article, now: datetime) -> Article:
    """Return the article as it was before it was scheduled."""
    state = state_of(article, now)
    if state != "scheduled":
        raise WrongState(f"This story is {state}; there is no schedule to cancel.")
    ahead = article.published_at is not None and article.published_at > now
    return replace(
        _without_public_copy(article, now),
        stage="unpublished" if has_been_out(article, now) else "draft",
        published_at=None if ahead else article.published_at,
        version=article.version + 1,
        modified_at=now,
    )


def corrected(
    article: Article, fields: dict[str, Any], correction: dict[str, Any], now: datetime
) -> Article:
    """Return a public copy with what is right, and the note that says what was wrong."""
    state = state_of(article, now)
    if state != "published":
        raise WrongState(f"This story is {state}; only what is public can be corrected.")
    return replace(
        article,
        **fields,
        corrections=[*article.corrections, correction],
        version=article.version + 1,
        published_version=article.version + 1,
        updated_at=max(now, article.updated_at or now),
        modified_at=now,
    )


def unpublished(
    article: Article,
    now: datetime,
    answer: Answer | None = None,
    *,
    notice: str | None = None,
    redirect_to: str | None = None,
) -> Article:
    """Return the article without a public copy, or with another answer for its readers."""
    _need_alive(article, "unpublished")
    said = (answer, notice, redirect_to)
    same = said == (article.answer, article.notice, article.redirect_to)
    if article.stage == "draft" or (article.stage == "unpublished" and same):
        raise WrongState(f"This story is {article.stage}, so it cannot be unpublished.")
    return replace(
        _without_public_copy(article, now),
        answer=answer,
        notice=notice,
        redirect_to=redirect_to,
        stage="unpublished",
        version=article.version + 1,
        modified_at=now,
    )


def killed(article: Article, notice: str, now: datetime) -> Article:
    """Return the article withdrawn for good: readers get the notice, whatever was there before."""
    _need_alive(article, "killed")
    return replace(
        _without_public_copy(article, now),
        answer="killed",
        notice=notice,
        redirect_to=None,
        stage="killed",
        version=article.version + 1,
        modified_at=now,
    )


def deleted(article: Article, now: datetime) -> Article:
    """Return the article put away, without a public copy; it can be restored."""
    _need_alive(article, "deleted")
    was_out = state_of(article, now) in {"published", "expired"}
    return replace(
        _without_public_copy(article, now),
        **(_NO_ANSWER if was_out else {}),
        stage="unpublished" if article.stage == "published" else article.stage,
        version=article.version + 1,
        modified_at=now,
        deleted_at=now,
    )


def restored(article: Article, now: datetime) -> Article:
    """Return a deleted or killed article as a working copy.

    Publishing it again is another step. Until then readers are told of a kill as before.
    """
    if article.deleted_at is None and article.stage != "killed":
        raise WrongState("This story is neither deleted nor killed: nothing is to be restored.")
    back: Stage = "unpublished" if article.first_published_at else "draft"
    return replace(
        article,
        stage=back if article.stage == "killed" else article.stage,
        version=article.version + 1,
        modified_at=now,
        deleted_at=None,
    )


def has_been_out(article: Article, now: datetime) -> bool:
    """Tell whether a story has ever been public, by what the newsroom knows."""
    first = article.first_published_at
    return first is not None and (article.released or first <= now)


def _waits(article: Article, now: datetime) -> bool:
    """Tell whether a public copy is there whose time has not come."""
    return article.public_from is not None and article.public_from > now and not article.released


def _without_public_copy(article: Article, now: datetime) -> Article:
    first = article.first_published_at if has_been_out(article, now) else None
    return replace(
        article,
        **_NO_LOCAL_TIME,
        published_at=_still_to_come(article, now),
        published_version=None,
        offered_from=None,
        public_from=None,
        public_until=None,
        released=False,
        # What was taken back before its time was never published. What was out was so by now,
        # whatever the clock showed then.
        first_published_at=None if first is None else min(first, now),
    )


def _asked_for(article: Article, now: datetime) -> datetime | None:
    """Return when a story should come out, not counting what an embargo makes of that."""
    untouched = article.published_at == article.public_from
    waits = _waits(article, now)
    return article.offered_from if waits and untouched else article.published_at


def _still_to_come(article: Article, now: datetime) -> datetime | None:
    """Return when a story that is taken back should come out if it is published again.

    The end of an embargo is not what anybody asked for: what was offered before it begins anew.
    """
    asked = _asked_for(article, now)
    offered = asked != article.published_at and asked is not None and asked <= now
    return None if offered else asked


def _after_embargo(article: Article, moment: datetime, now: datetime) -> datetime:
    """Return when all may read a story that is offered at a moment."""
    if article.embargo_until is not None and article.embargo_until > moment:
        return article.embargo_until
    waited = _waits(article, now)
    # An embargo that was lifted ends now, not when the story was first offered.
    return max(moment, now) if waited and moment == article.offered_from else moment


def _need_alive(article: Article, verb: str) -> None:
    if article.deleted_at is not None:
        raise WrongState(f"This story is deleted. Restore it before it can be {verb}.")
    if article.stage == "killed":
        raise WrongState(f"This story was killed, so it cannot be {verb}.")
