"""Public reading: lists, stories, sources and categories as bytes, visible ones only."""

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple

from app.content.article import Article
from app.content.texts import text_now
from app.delivery import directory as directories
from app.delivery import store
from app.delivery.directory import Directory, joined_list, pieces
from app.delivery.elsewhere import find_elsewhere
from app.delivery.freshness import Head, Heads, Surrogates, head_of
from app.delivery.query import StoryQuery
from app.delivery.render import render_article
from app.delivery.results import EntryPage, Found, Page
from app.delivery.store import Change, LogPosition, log_head, reading
from app.delivery.store.entries import EntryType
from app.delivery.store.log_head import split_head
from app.delivery.store.reading import Counted, StoryRow, WholeRow
from app.kit.clock import Clock
from app.kit.sql.change_watch import Version
from app.kit.sql.database import Database
from app.kit.sql.session import ReadSession
from app.kit.sql.sqlite_readers import unlimited
from app.kit.sql.statement import Statement


class Current(NamedTuple):
    """The directory, how new it is, and the version at which both were read, if there is one."""

    directory: Directory
    head: Head
    version: Version | None


class Question(NamedTuple):
    """A statement to be awaited, and the moment of which its rows tell."""

    statement: Statement[Any]
    params: dict[str, Any]
    now: datetime


class Delivery:
    """The public side. It reads the delivery tables alone."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        heads: Heads,
        surrogates: Surrogates,
        frames: frozenset[str] = frozenset(),
    ) -> None:
        """Read from a database; the directory is loaded with the first answer.

        `frames` are the hosts that may be shown in the frames of a preview.
        """
        self._frames = frames
        self._database = database
        self._clock = clock
        self._heads = heads
        self._surrogates = surrogates
        self._directory: Directory | None = None
        self._loading = threading.Lock()

    def stories(self, query: StoryQuery, current: Current | None = None) -> Page:
        """Return a page of visible stories; `current` is what was found out for it before."""
        current = current or self._remembered()
        if current is not None and current.version is not None and query.count is None:
            directory, head, version = current
            asked = reading.story_page_statement(query, head.now, self._database.dialect)
            rows: list[StoryRow] = self._database.fetch(*asked)
            if self._heads.version() == version:
                return page(query, rows, head, directory)
        now, version = self._clock.now(), self._heads.version()
        with self._database.read(lists=True) as session:
            found, rows = reading.headed_story_page(session, query, now)
            head = head_of(found, now)
            directory = self._fresh(head)
            count = None if query.count is None else reading.count_stories(session, query, now)
        self._heads.remember(version, head)
        return page(query, rows, head, directory, count)

    def ask_page(self, query: StoryQuery) -> Question:
        """Return what reads a page of visible stories, for `answer_page`."""
        now = self._clock.now()
        asked = reading.story_page_statement(query, now, self._database.dialect, headed=True)
        return Question(*asked, now)

    def answer_page(self, query: StoryQuery, now: datetime, rows: Sequence[Any]) -> Page | None:
        """Return the page that rows make; nothing, if the directory has to be loaded first."""
        found, stories = split_head(rows, reading.ROWS[query.form])
        head = head_of(found, now)
        directory = self._loaded(head)
        return None if directory is None else page(query, stories, head, directory)

    def changes_since(self, position: LogPosition, limit: int) -> tuple[Head, list[Change] | None]:
        """Return how new an answer would be now, and the rows of the log after a position.

        There is nothing in place of the rows if some of them are not there any more.
        """
        version = self._heads.version()
        question = self.ask_changes(position, limit)
        rows = self._database.fetch(question.statement, question.params)
        head, changes = self.answer_changes(position, question.now, rows)
        self._heads.remember(version, head)
        return head, changes

    def ask_changes(self, position: LogPosition, limit: int) -> Question:
        """Return what reads the same, for `answer_changes`."""
        now, dialect = self._clock.now(), self._database.dialect
        return Question(*store.head_and_rows_since(position, limit, now, dialect), now)

    def answer_changes(
        self, position: LogPosition, now: datetime, rows: Sequence[Any]
    ) -> tuple[Head, list[Change] | None]:
        """Return what `changes_since` does, of the rows of its question."""
        found, changes = store.split_rows_since(position, rows)
        return head_of(found, now), changes

    def ask_story(self, ref: str, *, embargoed: bool) -> Question:
        """Return what reads one visible story whole, for `answer_story`."""
        now = self._clock.now()
        asked = reading.story_statement(
            ref, now, self._database.dialect, embargoed=embargoed, headed=True
        )
        return Question(*asked, now)

    def answer_story(
        self, now: datetime, rows: Sequence[Any], names_in: tuple[str, ...]
    ) -> Found | None:
        """Return the story that rows make; nothing, if anything else has to be read for it."""
        found, stories = split_head(rows, WholeRow)
        head = head_of(found, now)
        if not stories or self._loaded(head) is None:
            return None
        return self._found(stories[0], head, names_in)

    def preview(self, article: Article) -> bytes:
        """Return a working copy whole, as readers would get it if it were published now."""
        with self.opened() as (session, head, directory):
            group = article.translation_of or article.id
            translations = reading.translations(session, group, article.id, head.now)
        dated = replace(
            article,
            published_at=article.published_at or head.now,
            updated_at=article.updated_at or head.now,
        )
        rendered = render_article(dated, text_now(dated, self._frames))
        row = WholeRow(
            id=article.id,
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
            place=0,
        )
        return b"".join(pieces(row, directory))

    def story(
        self,
        ref: str,
        *,
        embargoed: bool = False,
        as_of: datetime | None = None,
        names_in: tuple[str, ...] = (),
    ) -> Found:
        """Return one visible story whole, or what readers get where it was; now, or at a time."""
        now, version = as_of or self._clock.now(), self._heads.version()
        head = self._heads.at(version, now) if as_of is None else None
        if head is not None:
            asked = reading.story_statement(ref, now, self._database.dialect, embargoed=embargoed)
            rows: list[WholeRow] = self._database.fetch(*asked)
            if rows:
                found = self._found(rows[0], head, names_in)
            else:
                with self._database.read(snapshot=False) as session:
                    found = find_elsewhere(session, ref, head, embargoed=embargoed)
            # Nothing was written between its statements, so they are as good as one.
            if self._heads.version() == version:
                return found
        with self._database.read() as session:
            row_head, row = reading.headed_story(session, ref, now, embargoed=embargoed)
            head = head_of(row_head, now)
            if row is None:
                return find_elsewhere(session, ref, head, embargoed=embargoed)
            return self._found(row, head, names_in)

    def _found(self, row: WholeRow, head: Head, names_in: tuple[str, ...]) -> Found:
        directory = self._fresh(head)
        if names_in:
            directory = directory.named(names_in)
        keys = self._surrogates.story_keys(row.id, row.translation_group)
        return Found(b"".join(pieces(row, directory)), head, keys)

    @property
    def loaded(self) -> Directory | None:
        """The directory that was loaded last: slugs in it mean the same for ever."""
        return self._directory

    def entries(
        self,
        type_: EntryType,
        *,
        limit: int,
        position: str | None,
        backwards: bool,
        names_in: tuple[str, ...] = (),
    ) -> EntryPage:
        """Return a page of sources or categories in the order of slugs."""
        directory, head, _ = self.current()
        directory = directory.named(names_in)
        everything = list(directory.entries[type_].values())
        if position is None:
            chosen = everything
        elif backwards:
            chosen = [one for one in everything if one.slug < position][::-1]
        else:
            chosen = [one for one in everything if one.slug > position]
        more, kept = len(chosen) > limit, chosen[:limit]
        kept = kept[::-1] if backwards else kept
        has_before = more if backwards else position is not None
        has_after = position is not None if backwards else more
        return EntryPage(
            items=[one.whole for one in kept],
            head=head,
            before=(kept[0].slug,) if kept and has_before else None,
            after=(kept[-1].slug,) if kept and has_after else None,
            total=len(everything),
        )

    def entry(self, type_: EntryType, ref: str, *, names_in: tuple[str, ...] = ()) -> Found:
        """Return one source or category, or where a former slug leads."""
        directory, head, _ = self.current()
        directory = directory.named(names_in)
        entry = directory.find(type_, ref)
        if entry is not None:
            return Found(entry.whole, head, (f"{type_}:{entry.id}",))
        former = directory.find_former(type_, ref)
        return Found(None, head, moved_to=former.slug if former else None)

    def current(self) -> Current:
        """Return the directory as it is now, and how new that is.

        An answer that is made now would be as new, and end at the same moment.
        """
        now, version = self._clock.now(), self._heads.version()
        head = self._heads.at(version, now)
        if head is None:
            head = head_of(self._database.fetch(log_head.LOG_HEAD, {"now": now})[0], now)
            self._heads.remember(version, head)
        return Current(self._fresh(head), head, version)

    def _remembered(self) -> Current | None:
        """Return the same, if it is known without a look at the log."""
        version = self._heads.version()
        head = self._heads.at(version, self._clock.now())
        return None if head is None else Current(self._fresh(head), head, version)

    def head(self) -> Head:
        """Return how new an answer would be that is made now, and when it would end."""
        return self.current().head

    @contextmanager
    def opened(self, *, lists: bool = False) -> Iterator[tuple[ReadSession, Head, Directory]]:
        """Open one state of the public side: what reads it, how new it is, and the directory.

        With `lists` it reads public lists, and nothing else.
        """
        now, version = self._clock.now(), self._heads.version()
        with self._database.read(lists=lists) as session:
            head = head_of(log_head.log_head(session, now), now)
            self._heads.remember(version, head)
            yield session, head, self._fresh(head)

    def resolve(self, type_: EntryType, ref: str) -> str | None:
        """Return the id behind an id or a slug, old or new.

        A slug belongs to its thing for ever, so what was known once is answered from memory.
        """
        known = self._directory
        found = known.resolve(type_, ref) if known is not None else None
        return found or self.current().directory.resolve(type_, ref)

    def ids_of(self, slugs: Collection[str]) -> dict[str, str]:
        """Return the ids of the stories that have slugs, or had them, by slug."""
        with self._database.read(lists=True) as session:
            return reading.ids_of_slugs(session, slugs)

    def slugs(self, type_: EntryType) -> Sequence[str]:
        """Return all slugs of a type, to guess what somebody meant."""
        return self.current().directory.slugs(type_)

    def is_due(self) -> bool:
        """Tell whether time made a story appear or expire, for anybody, that no log knows of."""
        now = self._clock.now()
        with self._database.read() as session:
            row = log_head.log_head(session, now)
            due = row.due_at is not None or row.expired_at is not None
            return due or store.is_offer_untold(session, now)

    def _fresh(self, head: Head) -> Directory:
        """Return a directory that is at least as new as the rows that were just read."""
        directory = self._directory
        if directory is not None and directory.position == head.taxonomy:
            return directory
        with self._loading:
            directory = self._directory
            if directory is None or directory.position != head.taxonomy:
                with unlimited(), self._database.read() as session:
                    directory = directories.load(session, head.taxonomy)
                self._directory = directory
        return directory

    def _loaded(self, head: Head) -> Directory | None:
        """Return the directory that is in memory, if it is the one of these rows."""
        known = self._directory
        return known if known is not None and known.position == head.taxonomy else None


def page(
    query: StoryQuery,
    rows: list[StoryRow],
    head: Head,
    directory: Directory,
    count: Counted | None = None,
) -> Page:
    """Return the page that rows make, of which one more tells that there is more."""
    if query.order:
        rows = _as_named(query, rows)
    more = len(rows) > query.limit
    rows = in_order(query, rows)
    if query.names_in:
        directory = directory.named(query.names_in)
    items = joined_list(rows, directory, query.form)
    # Where everything on this side of a position is gone, the way back is still there.
    first = (rows[0].place, rows[0].id) if rows else query.position
    last = (rows[-1].place, rows[-1].id) if rows else query.position
    placed = query.position is not None
    has_before, has_after = (more, placed) if query.backwards else (placed, more)
    return Page(items, head, first if has_before else None, last if has_after else None, count)


def _as_named(query: StoryQuery, rows: list[StoryRow]) -> list[StoryRow]:
    """Return those rows beyond the position, each with its place among the names.

    Places fall, as dates do in the usual order of a list.
    """
    places = {id_: -index for index, id_ in enumerate(query.order)}
    named = [row._replace(place=places[row.id]) for row in rows]
    position = query.position
    if position is None:
        return named
    if query.shape.descending:
        return [row for row in named if (row.place, row.id) < position]
    return [row for row in named if (row.place, row.id) > position]


def in_order(query: StoryQuery, rows: list[StoryRow]) -> list[StoryRow]:
    """Return the rows of a page in the order of the list."""
    # There are few, so the database need not sort those that are named one by one, or again those
    # that it found in order and joined with the head of the log.
    rows.sort(key=attrgetter("place", "id"), reverse=query.shape.descending)
    rows = rows[: query.limit]
    return rows[::-1] if query.backwards else rows
