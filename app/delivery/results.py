"""Results of public queries, rendered."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from app.delivery.invalidation import LogState
from app.delivery.store.story_queries import StoryCount
from app.delivery.story_query import ListPosition
from app.partners.sent_story import SentForm, SentStory

# The first members of a rendered story (see `rendering`).
_HEAD = re.compile(rb'\{"id":"([0-9a-f-]{36})",[^{}]*?"version":(\d+)')
# Within a text, the quotes would be escaped.
_BODY = b',"body_html":"'


def find_sent_stories(items: Iterable[bytes]) -> tuple[SentStory, ...]:
    """Return what rendered stories show."""
    found = []
    for item in items:
        head = _HEAD.search(item)
        if head is not None:
            form: SentForm = "full" if _BODY in item else "headline"
            found.append(SentStory(head[1].decode(), int(head[2]), form))
    return tuple(found)


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

    id: str
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
