"""A consistent snapshot of the public side, for log followers and for reads by id."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.access.entitlement import EMBARGOED, PUBLIC, Entitlement, Grant
from app.access.selection import Clause, Selection
from app.delivery.invalidation import LogState
from app.delivery.media_removal import remove_media
from app.delivery.queries import DeliveryQueries
from app.delivery.store import snapshot_queries, story_queries
from app.delivery.store.snapshot_queries import ChangedThing, TextRow
from app.delivery.story_query import Form, ListPosition, StoryQuery
from app.delivery.taxonomy_directory import TaxonomyDirectory, story_pieces
from app.kit import json
from app.kit.sql.session import ReadSession


@dataclass(frozen=True, slots=True)
class PublicStory:
    """A public story as a search index has it; times are microseconds since 1970.

    For a reader that has only its headline, `body` is empty.

    `branches` are its categories: each own category with its ancestors, without those of an
    earlier branch. `labels` are never shown, and folded.
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
    labels: Sequence[str]
    source_id: str | None
    source: str
    branches: Sequence[Sequence[str]]
    published_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class StoryExcerpt:
    """The title of a public story, and the beginning of its text.

    For a reader that has only its headline, `body` is empty.
    """

    id: str
    language: str
    title: str
    body: str


# How many bodies are in memory at a time.
_BODIES = 20
_TEXT = b'"body_text":"'
# The content of a JSON string up to its end, or to the last whole escape if it was cut off.
_STRING = re.compile(rb'(?:[^"\\]+|\\u[0-9A-Fa-f]{4}|\\[^u])*')


class Snapshot:
    """The public side at one moment; it is valid inside the block that opened it.

    It includes what a reader with the entitlement sees.
    """

    def __init__(
        self,
        session: ReadSession,
        state: LogState,
        directory: TaxonomyDirectory,
        entitlement: Entitlement = PUBLIC,
    ) -> None:
        """Read in an open transaction."""
        self._session = session
        self.entitlement = entitlement
        self.log_state = state
        self.directory = directory

    def with_names_in(self, languages: tuple[str, ...]) -> "Snapshot":
        """Return the snapshot with category names in the first of these languages that exists."""
        directory = self.directory.with_names_in(languages)
        return Snapshot(self._session, self.log_state, directory, self.entitlement)

    def with_all_stories(self) -> "Snapshot":
        """Return the snapshot with all stories that are public, or under embargo if it has any."""
        entitlement = EMBARGOED if self.entitlement.embargoed else PUBLIC
        return Snapshot(self._session, self.log_state, self.directory, entitlement)

    @property
    def now(self) -> datetime:
        """Return the time that visibility is evaluated for."""
        return self.log_state.now

    def load_changes(self, start: int, limit: int) -> list[ChangedThing]:
        """Return log rows from a serial on, oldest first."""
        return snapshot_queries.load_changes(self._session, start, limit)

    def find_unlogged(self, limit: int) -> dict[str, int]:
        """Return the versions of stories that came out or expired without a log row yet, by id.

        With embargo access, this includes stories that became readable under embargo. Later changes
        to them are not in the public log, so the version is what tells of them.
        """
        if self.log_state.unlogged_at is None and not self.entitlement.embargoed:
            return {}
        return snapshot_queries.find_unlogged(
            self._session, self.now, limit, embargoed=self.entitlement.embargoed
        )

    def find_visible(self, ids: Sequence[str]) -> set[str]:
        """Return the visible ones of some ids."""
        return snapshot_queries.find_visible_ids(self._session, ids, self.now, self.entitlement)

    def load_stories(self, ids: Sequence[str]) -> list[PublicStory]:
        """Return the visible stories with these ids."""
        rows = snapshot_queries.load_texts(self._session, ids, self.now, self.entitlement)
        headlines = self.find_headlines(ids)
        return [self._story(row, has_body=row.id not in headlines) for row in rows]

    def find_headlines(self, ids: Sequence[str]) -> set[str]:
        """Return those of some ids that the reader may not see in full form."""
        return self._find_others(ids, lambda grant: grant.form == "full")

    def _find_others(self, ids: Sequence[str], accepts: Callable[[Grant], bool]) -> set[str]:
        """Return those of some ids that no accepted grant includes."""
        grants = self.entitlement.grants
        accepted = tuple(filter(accepts, grants))
        if accepted == grants:
            return set()
        if not accepted:
            return set(ids)
        entitlement = Entitlement(accepted)
        return set(ids) - snapshot_queries.find_visible_ids(
            self._session, ids, self.now, entitlement
        )

    def load_excerpts(self, ids: Sequence[str], most_bytes: int) -> Iterator[StoryExcerpt]:
        """Yield the visible stories with these ids, each with at most so many bytes of its text.

        Bodies may be large, so few of them are in memory at a time.
        """
        headlines = self.find_headlines(ids)
        # Grants with images come first: where none includes a whole story, it has no captions.
        whole = [id_ for id_ in ids if id_ not in headlines]
        imageless = self._find_others(whole, lambda grant: grant.form == "full" and grant.images)
        for start in range(0, len(ids), _BODIES):
            rows = snapshot_queries.load_excerpts(
                self._session,
                ids[start : start + _BODIES],
                self.now,
                (_TEXT, most_bytes + len(_TEXT)),
                self.entitlement,
            )
            for row in rows:
                title = _parse_piece(row.head).get("title", "")
                if row.id in headlines:
                    body = ""
                elif row.id in imageless:
                    body = self._load_text_without_media(row.id, most_bytes)
                else:
                    body = _parse_text_start(row.text or b"")
                yield StoryExcerpt(row.id, row.language, title, body)

    def _load_text_without_media(self, id_: str, most_bytes: int) -> str:
        """Return the start of the text that a reader without images gets."""
        rows = snapshot_queries.load_texts(self._session, [id_], self.now, self.entitlement)
        members = _parse_piece(remove_media(rows[0].body)) if rows else {}
        text: str = members.get("body_text", "")
        return text[:most_bytes]

    def load_released_stories(self, ids: Sequence[str]) -> list[PublicStory]:
        """Return the released stories with these ids, even if they have expired."""
        return [
            self._story(row) for row in snapshot_queries.load_released_texts(self._session, ids)
        ]

    def load_stories_before(self, place: ListPosition | None, limit: int) -> list[PublicStory]:
        """Return released stories after a place in the order of the newest first."""
        rows = snapshot_queries.load_texts_before(self._session, place, limit)
        return [self._story(row) for row in rows]

    def load_stories_of_source(self, source_id: str, after: str, limit: int) -> list[PublicStory]:
        """Return released stories of a source after an id, in the order of ids."""
        rows = snapshot_queries.load_texts_of_source(self._session, source_id, after, limit)
        return [self._story(row) for row in rows]

    def render_stories(self, ids: Sequence[str], form: Form = "short") -> Mapping[str, bytes]:
        """Render the visible stories with these ids, at most a page of them; return them by id."""
        if not ids:
            return {}
        selection = Selection((Clause("id", tuple(ids)),))
        query = StoryQuery(selection, form=form, limit=len(ids), entitlement=self.entitlement)
        rows = story_queries.load_page(self._session, query, self.now)
        return {
            row.id: b"".join(story_pieces(row, self.directory, self.entitlement)) for row in rows
        }

    def count_visible(self) -> int:
        """Count the visible stories."""
        return snapshot_queries.count_visible(self._session, self.now)

    def _story(self, row: TextRow, *, has_body: bool = True) -> PublicStory:
        head, tail, body = (_parse_piece(piece) for piece in (row.head, row.tail, row.body))
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
            body=body.get("body_text", "") if has_body else "",
            tags=tail.get("tags", ()),
            authors=[author["name"] for author in tail.get("authors", ())],
            labels=row.labels.split("\n") if row.labels else (),
            source_id=row.source_id,
            source=source.name if source is not None else "",
            branches=_find_branches(row.category_ids, self.directory),
            published_at=row.published_at,
            updated_at=row.updated_at,
        )


@contextmanager
def open_snapshot(
    delivery: DeliveryQueries, entitlement: Entitlement = PUBLIC
) -> Iterator[Snapshot]:
    """Open a snapshot; this thread must not read anything else while it is open."""
    with delivery.open_state() as (session, state, directory):
        yield Snapshot(session, state, directory, entitlement)


def _parse_piece(members: bytes) -> dict[str, Any]:
    """Parse a stored piece; a damaged one is empty (`dateline check` finds it)."""
    try:
        found: dict[str, Any] = json.loads(b"{" + members + b"}")
    except json.JSONDecodeError:
        return {}
    return found


def _parse_text_start(piece: bytes) -> str:
    """Return the text at the start of a stored piece that may be cut off anywhere."""
    if not piece.startswith(_TEXT):
        return ""
    found = _STRING.match(piece, len(_TEXT))
    whole = found[0].decode("utf-8", "ignore") if found else ""
    try:
        text: str = json.loads(f'"{whole}"')
    except json.JSONDecodeError:
        return ""
    return text


def _find_branches(category_ids: str, directory: TaxonomyDirectory) -> list[list[str]]:
    entries = directory.entries["category"]
    found: set[str] = set()
    branches = []
    for category_id in category_ids.split(",") if category_ids else ():
        branch = []
        entry = entries.get(category_id)
        while entry is not None and entry.id not in found:
            found.add(entry.id)
            branch.append(entry.id)
            entry = entries.get(entry.parent_id or "")
        if branch:
            branches.append(branch)
    return branches
