"""One consistent state of the public side, for what follows the log and for reading by id."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.access.selection import Clause, Selection
from app.delivery.directory import Directory, pieces
from app.delivery.freshness import Head
from app.delivery.queries import Delivery
from app.delivery.query import Form, Position, StoryQuery
from app.delivery.store import reading, searchable
from app.delivery.store.searchable import TextRow, Touched
from app.kit import json
from app.kit.sql.session import ReadSession


@dataclass(frozen=True, slots=True)
class PublicStory:
    """A public story with all that can be searched; instants are microseconds since 1970.

    `branches` are its categories: each of its own with those above it that are in no branch
    before.
    """

    id: str
    slug: str
    url: str | None
    language: str
    kind: str
    group: str
    title: str
    summary: str
    body: str
    tags: Sequence[str]
    authors: Sequence[str]
    source_id: str | None
    source: str
    branches: Sequence[Sequence[str]]
    published_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Beginning:
    """The title of a public story, and how the text of its body begins."""

    id: str
    language: str
    title: str
    body: str


# So many bodies are held at once.
_BODIES = 20
_TEXT = b'"body_text":"'
# A string of JSON up to its end, or to the last whole escape where it was cut.
_STRING = re.compile(rb'(?:[^"\\]+|\\u[0-9A-Fa-f]{4}|\\[^u])*')


class Snapshot:
    """The public side at one moment; it holds while the block that opened it lasts.

    With `embargoed` it is as those see it who read what is under embargo.
    """

    def __init__(
        self, session: ReadSession, head: Head, directory: Directory, *, embargoed: bool = False
    ) -> None:
        """Read in an open transaction."""
        self._session = session
        self.embargoed = embargoed
        self.head = head
        self.directory = directory

    def named(self, languages: tuple[str, ...]) -> "Snapshot":
        """Return the same with categories named in the first of these languages that they have."""
        directory = self.directory.named(languages)
        return Snapshot(self._session, self.head, directory, embargoed=self.embargoed)

    @property
    def now(self) -> datetime:
        """Return the moment at which visibility is judged."""
        return self.head.now

    def changes(self, start: int, limit: int) -> list[Touched]:
        """Return rows of the log from a serial on, that one included, oldest first."""
        return searchable.changes(self._session, start, limit)

    def untold(self, limit: int) -> dict[str, int]:
        """Return versions of stories that time brought out or ended, unknown to the log, by id.

        For those who read what is under embargo it brought that out, too. The log hears of no
        change to that, so the version alone tells of one.
        """
        if self.head.turned_at is None and not self.embargoed:
            return {}
        return searchable.untold(self._session, self.now, limit, embargoed=self.embargoed)

    def visible(self, ids: Sequence[str]) -> set[str]:
        """Return those of some stories that are visible."""
        return searchable.visible_ids(self._session, ids, self.now, embargoed=self.embargoed)

    def stories(self, ids: Sequence[str]) -> list[PublicStory]:
        """Return the visible stories among ids."""
        rows = searchable.texts(self._session, ids, self.now, embargoed=self.embargoed)
        return [self._story(row) for row in rows]

    def beginnings(self, ids: Sequence[str], most_bytes: int) -> Iterator[Beginning]:
        """Yield the visible stories among ids, each with so many bytes of its text at the most.

        Bodies may be large: few of them are held at once.
        """
        for start in range(0, len(ids), _BODIES):
            rows = searchable.beginnings(
                self._session,
                ids[start : start + _BODIES],
                self.now,
                (_TEXT, most_bytes + len(_TEXT)),
                embargoed=self.embargoed,
            )
            for row in rows:
                title = _object(row.head).get("title", "")
                yield Beginning(row.id, row.language, title, _beginning(row.text or b""))

    def released_stories(self, ids: Sequence[str]) -> list[PublicStory]:
        """Return the stories among ids that are out, whether or not their time is over."""
        return [self._story(row) for row in searchable.released_texts(self._session, ids)]

    def stories_before(self, place: Position | None, limit: int) -> list[PublicStory]:
        """Return stories that are out, newest first, after a place in that order."""
        rows = searchable.texts_before(self._session, place, limit)
        return [self._story(row) for row in rows]

    def stories_of_source(self, source_id: str, after: str, limit: int) -> list[PublicStory]:
        """Return stories of a source that are out in the order of ids, after one of them."""
        rows = searchable.texts_of_source(self._session, source_id, after, limit)
        return [self._story(row) for row in rows]

    def forms(self, ids: Sequence[str], form: Form = "short") -> Mapping[str, bytes]:
        """Return the visible stories among ids, a page of them at the most, in a form, by id."""
        if not ids:
            return {}
        selection = Selection((Clause("id", tuple(ids)),))
        query = StoryQuery(selection, form=form, limit=len(ids), embargoed=self.embargoed)
        rows = reading.story_page(self._session, query, self.now)
        return {row.id: b"".join(pieces(row, self.directory)) for row in rows}

    def count(self) -> int:
        """Count the visible stories."""
        return searchable.visible_count(self._session, self.now)

    def _story(self, row: TextRow) -> PublicStory:
        head, tail, body = (_object(one) for one in (row.head, row.tail, row.body))
        source = self.directory.entries["source"].get(row.source_id or "")
        return PublicStory(
            id=row.id,
            slug=row.slug,
            url=head.get("url"),
            language=row.language,
            kind=row.kind,
            group=row.translation_group,
            title=head.get("title", ""),
            summary=head.get("summary") or "",
            body=body.get("body_text", ""),
            tags=tail.get("tags", ()),
            authors=[one["name"] for one in tail.get("authors", ())],
            source_id=row.source_id,
            source=source.name if source is not None else "",
            branches=_branches(row.category_ids, self.directory),
            published_at=row.published_at,
            updated_at=row.updated_at,
        )


@contextmanager
def snapshot(delivery: Delivery, *, embargoed: bool = False) -> Iterator[Snapshot]:
    """Open a snapshot; nothing else may be read on this thread while it is open."""
    with delivery.opened() as (session, head, directory):
        yield Snapshot(session, head, directory, embargoed=embargoed)


def _object(members: bytes) -> dict[str, Any]:
    """Return a stored piece; damaged ones (`dateline check` finds them) are empty."""
    try:
        found: dict[str, Any] = json.loads(b"{" + members + b"}")
    except json.JSONDecodeError:
        return {}
    return found


def _beginning(piece: bytes) -> str:
    """Return the text of a stored piece that begins with it, and was cut anywhere."""
    if not piece.startswith(_TEXT):
        return ""
    found = _STRING.match(piece, len(_TEXT))
    whole = found[0].decode("utf-8", "ignore") if found else ""
    try:
        text: str = json.loads(f'"{whole}"')
    except json.JSONDecodeError:
        return ""
    return text


def _branches(category_ids: str, directory: Directory) -> list[list[str]]:
    entries = directory.entries["category"]
    found: set[str] = set()
    branches = []
    for one in category_ids.split(",") if category_ids else ():
        branch = []
        entry = entries.get(one)
        while entry is not None and entry.id not in found:
            found.add(entry.id)
            branch.append(entry.id)
            entry = entries.get(entry.parent_id or "")
        if branch:
            branches.append(branch)
    return branches
