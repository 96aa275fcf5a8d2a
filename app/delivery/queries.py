"""Public reading: lists, stories, sources and categories as bytes, visible ones only."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Literal, TypeGuard

from app.access.selection import Selection
from app.content.article import Article
from app.delivery import directory as directories
from app.delivery import store
from app.delivery.directory import Directory, EntryType
from app.delivery.render import render_article
from app.delivery.store import reading
from app.delivery.store.reading import Position
from app.delivery.store.shapes import Form, Shape, SortKey, shape_of
from app.delivery.surrogates import story_keys
from app.kit import json
from app.kit.clock import Clock, format_instant, from_micros
from app.kit.database import Database
from app.kit.session import Reads, Record

Count = Literal["exact", "estimated"]
# From one withdrawn story to the next: more than anybody means, and an end if they go round.
_MOST_STEPS = 10


@dataclass(frozen=True, slots=True)
class Head:
    """How new an answer is: the log's position, the last change before `now`, and the next.

    `changes_at` is the next moment at which time alone makes a story appear or disappear;
    `turned_at` is the last one of which the log has not heard yet.
    """

    serial: int
    taxonomy_serial: int
    now: datetime
    changed_at: datetime | None
    changes_at: datetime | None
    turned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoryQuery:
    """What a list of stories is asked for; `embargoed` takes in what is under embargo.

    With `preferred` languages, even none, it is of each group of translations the story that goes
    before the others. `names_in` are the languages in which categories are named.
    """

    selection: Selection = Selection()
    key: SortKey = "published_at"
    descending: bool = True
    position: Position | None = None
    backwards: bool = False
    form: Form = "short"
    limit: int = 20
    count: Count | None = None
    embargoed: bool = False
    preferred: tuple[str, ...] | None = None
    names_in: tuple[str, ...] = ()

    @property
    def shape(self) -> Shape:
        """Return what the statement for it depends on."""
        return shape_of(
            self.selection,
            key=self.key,
            descending=self.descending is not self.backwards,
            placed=self.position is not None,
            form=self.form,
            embargoed=self.embargoed,
            preferred=None if self.preferred is None else len(self.preferred),
        )

    @property
    def is_short(self) -> bool:
        """Tell whether the answer takes the rows that it shows, and few others."""
        if self.preferred is not None:
            # Nothing says how many stories there are whose translations go before them.
            return False
        return self.count is None and reading.is_short(self.selection, self.key)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of finished objects, with the positions before and after it where there is more."""

    items: list[bytes]
    head: Head
    before: Position | None
    after: Position | None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A page of sources or categories, with the slugs at its ends where there is more."""

    items: list[bytes]
    head: Head
    before: tuple[str] | None
    after: tuple[str] | None
    total: int


@dataclass(frozen=True, slots=True)
class Gone:
    """What the readers of a story are told where it was."""

    answer: Literal["gone", "killed"]
    notice: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """One finished object (nothing, if it is not visible), or the slug where it is now."""

    body: bytes | None
    head: Head
    keys: tuple[str, ...] = ()
    moved_to: str | None = None
    gone: Gone | None = None


class Delivery:
    """The public side. It reads the delivery tables alone."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Read from a database; the directory is loaded with the first answer."""
        self._database = database
        self._clock = clock
        self._directory: Directory | None = None
        self._loading = threading.Lock()

    def stories(self, query: StoryQuery) -> Page:
        """Return a page of visible stories."""
        now = self._clock.now()
        with self._database.read_hot() as session:
            rows = reading.story_page(
                session,
                query.selection,
                query.shape,
                now,
                position=query.position,
                limit=query.limit + 1,
                preferred=query.preferred or (),
            )
            head = _head(rows[0] if rows else reading.log_head(session, now), now)
            directory = self._fresh(head).named(query.names_in)
            count = self._count(session, query, now)
        return _page(query, rows, directory, head, count)

    def preview(self, article: Article) -> bytes:
        """Return a working copy whole, as readers would get it if it were published now."""
        directory, head = self.directory()
        dated = replace(
            article,
            published_at=article.published_at or head.now,
            updated_at=article.updated_at or head.now,
        )
        rendered = render_article(dated)
        row: Any = SimpleNamespace(
            head=rendered.head,
            tail=rendered.tail,
            extra=rendered.extra,
            body=rendered.body,
            source_id=article.source_id,
            category_ids=",".join(article.categories),
            translations=None,
        )
        return whole_form(row, directory)

    def story(
        self,
        ref: str,
        *,
        embargoed: bool = False,
        as_of: datetime | None = None,
        names_in: tuple[str, ...] = (),
    ) -> Found:
        """Return one visible story whole, or what readers get where it was; now, or at a time."""
        now = as_of or self._clock.now()
        with self._database.read_hot() as session:
            row = reading.story(session, ref, now, embargoed=embargoed)
            if row is not None:
                head = _head(row, now)
                body = whole_form(row, self._fresh(head).named(names_in))
                body = _marked(body, row) if embargoed else body
                return Found(body, head, story_keys(row.id, row.translation_group))
            id_ = reading.redirect_target(session, ref)
            moved = reading.story(session, id_, now, embargoed=embargoed) if id_ else None
            stone = None
            if moved is None:
                stone = store.standing(session, id_ or ref, embargoed=embargoed)
                moved = _led_to(session, stone, now, embargoed=embargoed)
            head = _head(moved or reading.log_head(session, now), now)
            gone = Gone(stone.answer, stone.notice) if _is_told(stone) else None
            return Found(None, head, moved_to=_slug(moved) if moved else None, gone=gone)

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
        directory, head = self.directory()
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
        directory, head = self.directory()
        directory = directory.named(names_in)
        entry = directory.find(type_, ref)
        if entry is not None:
            return Found(entry.whole, head, (f"{type_}:{entry.id}",))
        former = directory.find_former(type_, ref)
        return Found(None, head, moved_to=former.slug if former else None)

    def directory(self) -> tuple[Directory, Head]:
        """Return the directory as it is now, and how new that is."""
        head = self.head()
        return self._fresh(head), head

    def head(self) -> Head:
        """Return how new an answer would be that is made now, and when it would end."""
        now = self._clock.now()
        with self._database.read_hot() as session:
            return _head(reading.log_head(session, now), now)

    @contextmanager
    def opened(self) -> Iterator[tuple[Reads, Head, Directory]]:
        """Open one state of the public side: what reads it, how new it is, and the directory."""
        now = self._clock.now()
        with self._database.read_hot() as session:
            head = _head(reading.log_head(session, now), now)
            yield session, head, self._fresh(head)

    def resolve(self, type_: EntryType, ref: str) -> str | None:
        """Return the id behind an id or a slug, old or new.

        A slug belongs to its thing for ever, so what was known once is answered from memory.
        """
        known = self._directory
        found = known.resolve(type_, ref) if known is not None else None
        return found or self.directory()[0].resolve(type_, ref)

    def slugs(self, type_: EntryType) -> Sequence[str]:
        """Return all slugs of a type, to guess what somebody meant."""
        return self.directory()[0].names(type_)

    def is_due(self) -> bool:
        """Tell whether time made a story appear or expire that the log does not know of."""
        now = self._clock.now()
        with self._database.read_hot() as session:
            row = reading.log_head(session, now)
        return row.due_at is not None or row.expired_at is not None

    def _fresh(self, head: Head) -> Directory:
        """Return a directory that is at least as new as the rows that were just read."""
        directory = self._directory
        if directory is not None and directory.serial >= head.taxonomy_serial:
            return directory
        with self._loading:
            directory = self._directory
            if directory is None or directory.serial < head.taxonomy_serial:
                with self._database.read() as session:
                    directory = directories.load(session, head.taxonomy_serial)
                self._directory = directory
        return directory

    def _count(self, session: Reads, query: StoryQuery, now: datetime) -> int | None:
        if query.count is None:
            return None
        counted = reading.count_exactly if query.count == "exact" else reading.count_roughly
        return counted(
            session, query.selection, now, embargoed=query.embargoed, preferred=query.preferred
        )


def _led_to(
    session: Reads, stone: Record | None, now: datetime, *, embargoed: bool
) -> Record | None:
    """Return the visible story to which one leads that was withdrawn, along others like it."""
    for _ in range(_MOST_STEPS):
        if stone is None or stone.answer != "redirect":
            return None
        found = reading.story(session, stone.redirect_to, now, embargoed=embargoed)
        if found is not None:
            return found
        stone = store.standing(session, stone.redirect_to, embargoed=embargoed)
    return None


def _is_told(stone: Record | None) -> TypeGuard[Record]:
    return stone is not None and stone.answer in {"gone", "killed"}


def _page(
    query: StoryQuery,
    rows: Sequence[Record],
    directory: Directory,
    head: Head,
    count: int | None,
) -> Page:
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    if query.backwards:
        rows = rows[::-1]
    items = [finished(row, directory, query.form, embargoed=query.embargoed) for row in rows]
    page = Page(items, head, None, None, count)
    if not rows:
        # Everything on this side of the cursor is gone; the way back is still there.
        behind = query.position
        return replace(page, after=behind) if query.backwards else replace(page, before=behind)
    first, last = (rows[0].place, rows[0].id), (rows[-1].place, rows[-1].id)
    placed = query.position is not None
    has_before = more if query.backwards else placed
    has_after = placed if query.backwards else more
    return replace(page, before=first if has_before else None, after=last if has_after else None)


def finished(row: Record, directory: Directory, form: Form, *, embargoed: bool) -> bytes:
    """Return a story in a form; for those who read it before its time, with its embargo."""
    item = _FINISHERS[form](row, directory)
    return _marked(item, row) if embargoed else item


def short_form(row: Record, directory: Directory) -> bytes:
    """Join the pieces of a story's short form."""
    return b"".join((*_joined(row, directory), b"}"))


def _full(row: Record, directory: Directory) -> bytes:
    return b"".join((*_joined(row, directory), *_extra(row), b"}"))


def whole_form(row: Record, directory: Directory) -> bytes:
    """Return a story whole, with its body."""
    return b"".join((*_joined(row, directory), *_extra(row), b",", row.body, b"}"))


def _marked(item: bytes, row: Record) -> bytes:
    """Return a story with the embargo under which it is, for those who read it all the same."""
    if row.embargo_until is None:
        return item
    until = format_instant(from_micros(row.embargo_until))
    return item[:-1] + b"," + json.dumps({"embargoed": True, "embargo_until": until})[1:]


_FINISHERS = {"short": short_form, "full": _full, "whole": whole_form}


def _joined(row: Record, directory: Directory) -> tuple[bytes, ...]:
    return (
        b"{",
        row.head,
        b',"source":',
        directory.source_json(row.source_id),
        b',"categories":',
        directory.categories_json(row.category_ids),
        b",",
        row.tail,
    )


def _extra(row: Record) -> tuple[bytes, ...]:
    return b",", row.extra, b',"translations":', _translations(row.translations)


def _translations(found: str | None) -> bytes:
    """Return translations as compact JSON in one order; each database writes its own."""
    if found is None or found == "[]":
        return b"[]"
    return json.dumps(sorted(json.loads(found), key=lambda one: (one["language"], one["id"])))


def _head(row: Record, now: datetime) -> Head:
    turned = [one for one in (row.due_at, row.expired_at) if one is not None]
    before = [*turned, *([row.changed_at] if row.changed_at is not None else [])]
    ahead = [one for one in (row.next_due_at, row.next_expiry_at) if one is not None]
    return Head(
        serial=row.serial or 0,
        taxonomy_serial=max(row.source_serial or 0, row.category_serial or 0),
        now=now,
        changed_at=from_micros(max(before)) if before else None,
        changes_at=from_micros(min(ahead)) if ahead else None,
        turned_at=from_micros(max(turned)) if turned else None,
    )


def _slug(row: Record) -> str:
    slug: str = row.slug
    return slug
