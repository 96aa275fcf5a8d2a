"""Results of public queries, rendered."""

from dataclasses import dataclass
from typing import Literal

from app.delivery.invalidation import LogState
from app.delivery.store.story_queries import StoryCount
from app.delivery.story_query import ListPosition


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rendered objects, with the positions before and after it if there are more."""

    items: list[bytes]
    log_state: LogState
    before: ListPosition | None
    after: ListPosition | None
    count: StoryCount | None = None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A page of sources or categories, with the slugs at its ends if there are more."""

    items: list[bytes]
    log_state: LogState
    before: tuple[str] | None
    after: tuple[str] | None
    total: int


@dataclass(frozen=True, slots=True)
class WithdrawalNotice:
    """The answer for readers of a story that is gone or was killed."""

    answer: Literal["gone", "killed"]
    notice: str | None


@dataclass(frozen=True, slots=True)
class LookupResult:
    """A rendered object, or what replaces it: a slug to redirect to, or a notice."""

    body: bytes | None
    log_state: LogState
    keys: tuple[str, ...] = ()
    moved_to: str | None = None
    notice: WithdrawalNotice | None = None
