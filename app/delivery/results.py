"""Results of public queries, rendered."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from app.access.entitlement import Entitlement
from app.delivery.invalidation import LogState
from app.delivery.store.story_queries import StoryCount, StoryRow, WholeRow
from app.delivery.story_query import ListPosition
from app.partners.sent_story import HEADLINE, SentForm, SentStory

# A rendered story begins with its id. Its version comes before all texts (see `rendering`).
_START, _VERSION = b'{"id":"', b'"version":'
_ID_BYTES = 36
# Within a text, the quotes would be escaped.
_BODY = b',"body_html":"'
_BODY_START = _BODY[1:]
# A named tuple's own constructor takes twice as long.
_build_sent = partial(tuple.__new__, SentStory)


def find_sent_rows(rows: Sequence[StoryRow], entitlement: Entitlement) -> tuple[SentStory, ...]:
    """Return what stories show that are rendered from rows.

    `find_sent_stories` would find the same, and take longer than rendering them.
    """
    if rows and isinstance(rows[0], WholeRow):
        return tuple(
            SentStory(row.id, row.version, _find_form(row, entitlement))
            for row in rows
            if isinstance(row, WholeRow)
        )
    return tuple([_build_sent((row.id, row.version, HEADLINE)) for row in rows])


def _find_form(row: WholeRow, entitlement: Entitlement) -> SentForm:
    is_full = entitlement.grants[row.grant].form == "full" and row.body.startswith(_BODY_START)
    return "full" if is_full else "headline"


def find_sent_stories(items: Iterable[bytes]) -> tuple[SentStory, ...]:
    """Return what rendered stories show."""
    found = []
    for item in items:
        begins = item.find(_START) + len(_START)
        version = item.find(_VERSION, begins) + len(_VERSION)
        if begins >= len(_START) and version >= len(_VERSION):
            form: SentForm = "full" if _BODY in item else "headline"
            id_ = item[begins : begins + _ID_BYTES].decode()
            found.append(SentStory(id_, int(item[version : item.index(b",", version)]), form))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rendered objects, with the positions before and after it if there are more."""

    items: list[bytes]
    log_state: LogState
    before: ListPosition | None
    after: ListPosition | None
    count: StoryCount | None = None
    # What the objects were rendered from, if it was read from the database.
    rows: Sequence[StoryRow] = ()


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
