"""Public queries: lists, stories, sources and categories as rendered bytes."""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from app.access.entitlement import PUBLIC, Entitlement
from app.content.article import Article
from app.content.text_computation import compute_text
from app.delivery import store
from app.delivery import taxonomy_directory as directories
from app.delivery.invalidation import LogState, LogStateCache, SurrogateKeys, build_log_state
from app.delivery.redirects import find_replacement
from app.delivery.rendering import render_article
from app.delivery.results import EntryPage, LookupResult, Page
from app.delivery.store import Change, LogPosition, grant_boundaries, log_state, story_queries
from app.delivery.store.entries import EntryType
from app.delivery.store.log_state import split_log_state
from app.delivery.store.story_queries import StoryCount, StoryRow, WholeRow
from app.delivery.story_query import StoryQuery
from app.delivery.taxonomy_directory import TaxonomyDirectory, render_stories, story_pieces
from app.kit.clock import Clock
from app.kit.sql.change_watch import Version
from app.kit.sql.database import Database
from app.kit.sql.session import ReadSession
from app.kit.sql.sqlite_readers import lift_time_limit
from app.kit.sql.statement import Statement


class CurrentState(NamedTuple):
    """The directory and the log state, and the database version of both if it is known."""

    directory: TaxonomyDirectory
    log_state: LogState
    version: Version | None


class PreparedRead(NamedTuple):
    """A prepared SQL statement, and the time that it evaluates visibility for."""

    statement: Statement[Any]
    params: dict[str, Any]
    now: datetime


class DeliveryQueries:
    """Queries of the public side. They read the delivery tables only."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        log_states: LogStateCache,
        surrogates: SurrogateKeys,
        frames: frozenset[str] = frozenset(),
    ) -> None:
        """Query a database; the directory is loaded with the first answer.

        `frames` are the hosts that previews may embed in frames.
        """
        self._frames = frames
        self._database = database
        self._clock = clock
        self._log_states = log_states
        self._surrogates = surrogates
        self._directory: TaxonomyDirectory | None = None
        self._loading = threading.Lock()

    def list_stories(self, query: StoryQuery, current: CurrentState | None = None) -> Page:
        """Return a page of visible stories; `current` may be passed if the caller has it."""
        current = current or self._find_cached_current()
        if current is not None and current.version is not None and query.count is None:
            directory, state, version = current
            asked = story_queries.build_page_statement(query, state.now, self._database.dialect)
            rows: list[StoryRow] = self._database.fetch(*asked)
            if self._log_states.version() == version:
                return build_page(query, rows, state, directory)
        now, version = self._clock.now(), self._log_states.version()
        with self._database.read(lists=True) as session:
            found, rows = story_queries.load_page_with_state(session, query, now)
            state = build_log_state(found, now)
            directory = self._load_directory(state)
            count = (
                None if query.count is None else story_queries.count_stories(session, query, now)
            )
        self._log_states.put(version, state)
        return build_page(query, rows, state, directory, count)

    def prepare_page(self, query: StoryQuery) -> PreparedRead:
        """Prepare the statement for a page of visible stories; see `finish_page`."""
        now = self._clock.now()
        asked = story_queries.build_page_statement(
            query, now, self._database.dialect, with_state=True
        )
        return PreparedRead(*asked, now)

    def finish_page(self, query: StoryQuery, now: datetime, rows: Sequence[Any]) -> Page | None:
        """Build the page from its rows; return `None` if the directory must be loaded first."""
        found, stories = split_log_state(rows, story_queries.ROWS[query.form])
        state = build_log_state(found, now)
        directory = self._find_cached_directory(state)
        return None if directory is None else build_page(query, stories, state, directory)

    def load_changes_since(
        self, position: LogPosition, limit: int
    ) -> tuple[LogState, list[Change] | None]:
        """Return the log state, and the rows of the log after a position.

        The rows are `None` if some of them are missing.
        """
        version = self._log_states.version()
        read = self.prepare_changes(position, limit)
        rows = self._database.fetch(read.statement, read.params)
        state, changes = self.finish_changes(position, read.now, rows)
        self._log_states.put(version, state)
        return state, changes

    def prepare_changes(self, position: LogPosition, limit: int) -> PreparedRead:
        """Prepare the statement for `load_changes_since`; see `finish_changes`."""
        now, dialect = self._clock.now(), self._database.dialect
        return PreparedRead(*store.build_changes_statement(position, limit, now, dialect), now)

    def finish_changes(
        self, position: LogPosition, now: datetime, rows: Sequence[Any]
    ) -> tuple[LogState, list[Change] | None]:
        """Build the result of `load_changes_since` from its rows."""
        found, changes = store.split_changes_since(position, rows)
        return build_log_state(found, now), changes

    def prepare_story(self, ref: str, *, entitlement: Entitlement) -> PreparedRead:
        """Prepare the statement for a whole visible story; see `finish_story`."""
        now = self._clock.now()
        asked = story_queries.build_story_statement(
            ref, now, self._database.dialect, entitlement=entitlement, with_state=True
        )
        return PreparedRead(*asked, now)

    def finish_story(
        self,
        now: datetime,
        rows: Sequence[Any],
        names_in: tuple[str, ...],
        entitlement: Entitlement,
    ) -> LookupResult | None:
        """Build the story from its rows; return `None` if another query is needed for it."""
        found, stories = split_log_state(rows, WholeRow)
        state = build_log_state(found, now)
        if not stories or self._find_cached_directory(state) is None:
            return None
        return self._render_story(stories[0], state, names_in, entitlement)

    def render_preview(self, article: Article) -> bytes:
        """Render a working copy as readers would get it if it were published now."""
        with self.open_state() as (session, state, directory):
            group = article.translation_of or article.id
            translations = story_queries.load_translations(session, group, article.id, state.now)
        dated = replace(
            article,
            published_at=article.published_at or state.now,
            updated_at=article.updated_at or state.now,
        )
        rendered = render_article(dated, compute_text(dated, self._frames))
        row = WholeRow(
            id=article.id,
            version=article.version,
            source_id=article.source_id,
            category_ids=",".join(article.categories),
            head=rendered.head,
            tail=rendered.tail,
            slug=article.slug,
            translation_group=group,
            extra=rendered.extra,
            translations=translations,
            body=rendered.body,
            embargo_until=None,
            grant=0,
            place=0,
        )
        return b"".join(story_pieces(row, directory))

    def find_story(
        self,
        ref: str,
        *,
        entitlement: Entitlement = PUBLIC,
        as_of: datetime | None = None,
        names_in: tuple[str, ...] = (),
    ) -> LookupResult:
        """Return a whole visible story, or what replaces it; now, or at another time."""
        now, version = as_of or self._clock.now(), self._log_states.version()
        state = self._log_states.get(version, now) if as_of is None else None
        if state is not None:
            asked = story_queries.build_story_statement(
                ref, now, self._database.dialect, entitlement=entitlement
            )
            rows: list[WholeRow] = self._database.fetch(*asked)
            if rows:
                found = self._render_story(rows[0], state, names_in, entitlement)
            else:
                with self._database.read(snapshot=False) as session:
                    found = find_replacement(session, ref, state, entitlement=entitlement)
            # Nothing was written between the two statements, so they agree with each other.
            if self._log_states.version() == version:
                return found
        with self._database.read() as session:
            row_head, row = story_queries.load_story_with_state(
                session, ref, now, entitlement=entitlement
            )
            state = build_log_state(row_head, now)
            if row is None:
                return find_replacement(session, ref, state, entitlement=entitlement)
            return self._render_story(row, state, names_in, entitlement)

    def _render_story(
        self,
        row: WholeRow,
        state: LogState,
        names_in: tuple[str, ...],
        entitlement: Entitlement,
    ) -> LookupResult:
        directory = self._load_directory(state)
        if names_in:
            directory = directory.with_names_in(names_in)
        keys = self._surrogates.story_keys(row.id, row.translation_group)
        return LookupResult(b"".join(story_pieces(row, directory, entitlement)), state, keys)

    @property
    def cached_directory(self) -> TaxonomyDirectory | None:
        """The directory that was loaded last; the slugs in it never change their meaning."""
        return self._directory

    def list_entries(
        self,
        type_: EntryType,
        *,
        limit: int,
        position: str | None,
        backwards: bool,
        names_in: tuple[str, ...] = (),
    ) -> EntryPage:
        """Return a page of sources or categories in the order of slugs."""
        directory, state, _ = self.load_current()
        directory = directory.with_names_in(names_in)
        everything = list(directory.entries[type_].values())
        if position is None:
            chosen = everything
        elif backwards:
            chosen = [entry for entry in everything if entry.slug < position][::-1]
        else:
            chosen = [entry for entry in everything if entry.slug > position]
        more, kept = len(chosen) > limit, chosen[:limit]
        kept = kept[::-1] if backwards else kept
        has_before = more if backwards else position is not None
        has_after = position is not None if backwards else more
        return EntryPage(
            items=[entry.whole for entry in kept],
            log_state=state,
            before=(kept[0].slug,) if kept and has_before else None,
            after=(kept[-1].slug,) if kept and has_after else None,
            total=len(everything),
        )

    def find_entry(
        self, type_: EntryType, ref: str, *, names_in: tuple[str, ...] = ()
    ) -> LookupResult:
        """Return a source or category, or the current slug for a former one."""
        directory, state, _ = self.load_current()
        directory = directory.with_names_in(names_in)
        entry = directory.find(type_, ref)
        if entry is not None:
            return LookupResult(entry.whole, state, (f"{type_}:{entry.id}",))
        former = directory.find_former(type_, ref)
        return LookupResult(None, state, moved_to=former.slug if former else None)

    def load_current(self) -> CurrentState:
        """Return the current directory and log state.

        An answer that is built now has the same freshness.
        """
        now, version = self._clock.now(), self._log_states.version()
        state = self._log_states.get(version, now)
        if state is None:
            state = build_log_state(self._database.fetch(log_state.LOG_STATE, {"now": now})[0], now)
            self._log_states.put(version, state)
        return CurrentState(self._load_directory(state), state, version)

    def _find_cached_current(self) -> CurrentState | None:
        """Return the same if the log state is cached."""
        version = self._log_states.version()
        state = self._log_states.get(version, self._clock.now())
        return None if state is None else CurrentState(self._load_directory(state), state, version)

    def load_log_state(self) -> LogState:
        """Return the log state that an answer built now would have."""
        return self.load_current().log_state

    @contextmanager
    def open_state(
        self, *, lists: bool = False
    ) -> Iterator[tuple[ReadSession, LogState, TaxonomyDirectory]]:
        """Open a transaction on one state of the public side.

        With `lists`, only public lists may be read in it.
        """
        now, version = self._clock.now(), self._log_states.version()
        with self._database.read(lists=lists) as session:
            state = build_log_state(log_state.load_log_state(session, now), now)
            self._log_states.put(version, state)
            yield session, state, self._load_directory(state)

    def resolve(self, type_: EntryType, ref: str) -> str | None:
        """Return the id for an id or a slug, current or former.

        A slug belongs to its entry for ever, so the cached directory is asked first.
        """
        known = self._directory
        found = known.resolve(type_, ref) if known is not None else None
        return found or self.load_current().directory.resolve(type_, ref)

    def find_ids(self, slugs: Collection[str]) -> dict[str, str]:
        """Return the ids of stories by slug, current or former."""
        with self._database.read(lists=True) as session:
            return story_queries.find_ids_of_slugs(session, slugs)

    def find_grant_boundary(self, entitlement: Entitlement) -> datetime | None:
        """Return when time next changes what the grants include, at the earliest.

        Call it before reading: later changes are then after the boundary, or in the log.
        """
        offsets = entitlement.offsets
        if not offsets:
            return None
        now = self._clock.now()
        with self._database.read(snapshot=False) as session:
            return grant_boundaries.load_boundaries(session, offsets, now).next

    def list_slugs(self, type_: EntryType) -> Sequence[str]:
        """Return all slugs of a type, to suggest corrections for unknown ones."""
        return self.load_current().directory.list_slugs(type_)

    def has_unlogged_changes(self) -> bool:
        """Tell whether a story came out or expired, for any reader, that no log row exists for."""
        now = self._clock.now()
        with self._database.read() as session:
            row = log_state.load_log_state(session, now)
            due = row.due_at is not None or row.expired_at is not None
            return due or store.has_unlogged_offers(session, now)

    def _load_directory(self, state: LogState) -> TaxonomyDirectory:
        """Return a directory that is as new as a log state; load it if needed."""
        directory = self._directory
        if directory is not None and directory.position == state.taxonomy:
            return directory
        with self._loading:
            directory = self._directory
            if directory is None or directory.position != state.taxonomy:
                with lift_time_limit(), self._database.read() as session:
                    directory = directories.load_directory(session, state.taxonomy)
                self._directory = directory
        return directory

    def _find_cached_directory(self, state: LogState) -> TaxonomyDirectory | None:
        """Return the cached directory if it is as new as a log state."""
        known = self._directory
        return known if known is not None and known.position == state.taxonomy else None


def build_page(
    query: StoryQuery,
    rows: list[StoryRow],
    state: LogState,
    directory: TaxonomyDirectory,
    count: StoryCount | None = None,
) -> Page:
    """Build a page from its rows; a surplus row tells that there is another page."""
    if query.order:
        rows = _place_by_order(query, rows)
    more = len(rows) > query.limit
    rows = sort_page(query, rows)
    if query.names_in:
        directory = directory.with_names_in(query.names_in)
    items = render_stories(rows, directory, query.form, query.entitlement)
    # Even an empty page has a cursor back to where the client came from.
    first = (rows[0].place, rows[0].id) if rows else query.position
    last = (rows[-1].place, rows[-1].id) if rows else query.position
    placed = query.position is not None
    has_before, has_after = (more, placed) if query.backwards else (placed, more)
    before, after = first if has_before else None, last if has_after else None
    return Page(items, state, before, after, count, rows)


def _place_by_order(query: StoryQuery, rows: list[StoryRow]) -> list[StoryRow]:
    """Return the rows beyond the position, with places in the order of the named ids.

    Places fall, like the dates of a list that starts with the newest story.
    """
    places = {id_: -index for index, id_ in enumerate(query.order)}
    named = [row._replace(place=places[row.id]) for row in rows]
    position = query.position
    if position is None:
        return named
    if query.shape.descending:
        return [row for row in named if (row.place, row.id) < position]
    return [row for row in named if (row.place, row.id) > position]


def sort_page(query: StoryQuery, rows: list[StoryRow]) -> list[StoryRow]:
    """Return the rows of a page in the order of the list."""
    # Python sorts these few rows. The database would have to sort named ids, and sort rows in
    # index order again after the join with the log state.
    rows.sort(key=attrgetter("place", "id"), reverse=query.shape.descending)
    rows = rows[: query.limit]
    return rows[::-1] if query.backwards else rows
