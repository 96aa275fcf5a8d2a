"""Following the change log: what was published is written to the index, what is gone taken out.

An index that is built anew takes in the stories that are out, newest first, and follows the log
from where that stood when it was begun. Both are done in small steps, each committed together
with how far it came, so it matters to nobody where a step ends, or whether it does.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from app.delivery.queries import DeliveryQueries
from app.delivery.snapshot import open_snapshot
from app.delivery.store.snapshot_queries import ChangedThing
from app.search.errors import IndexUnavailable, IndexUnusable
from app.search.index import Index, IndexedStory, Position, Writer
from app.search.stories import indexed

_ROWS = 1_000
_PAGE = 500
_FIRST_PAGES, _MOST_PAGES = 4, 100
_LONGEST_STEP = 10.0


class Follower:
    """Brings an index up to date, step by step. Only one may do so at a time."""

    def __init__(self, index: Index, delivery: DeliveryQueries) -> None:
        """Follow what the public may see."""
        self._index = index
        self._delivery = delivery
        self._writer: Writer | None = None
        # What was written while building, and may be met again; nothing is known of an index
        # that somebody else began.
        self._written: set[str] | None = None
        self._count = 0
        self._pages = _FIRST_PAGES
        self._failures = 0

    def step(self) -> bool:
        """Do some of what is to be done; return whether there is more."""
        try:
            more = self._step(self._ours())
        except IndexUnavailable:
            # What is there may be whole: it is read on, and written to when there is room again.
            self.close()
            raise
        except IndexUnusable:
            self._failed()
            raise
        self._failures = 0
        return more

    def rebuild(self) -> Iterator[int]:
        """Build an index anew beside the one that is read, which it replaces when it is complete.

        Yield how many stories it holds so far.
        """
        writer = self._new()
        while self._step(writer):
            yield self._count
        self._index.adopt(writer)
        self.close()
        yield self._count

    def close(self) -> None:
        """Stop writing; an index that is broken may be left as it is."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(IndexUnusable):
                writer.close()

    def _failed(self) -> None:
        """Let go of the writer. What fails twice, and has a flaw, is given up."""
        self.close()
        self._failures += 1
        if self._failures > 1 and self._index.flaw() is not None:
            self._index.discard()

    def _ours(self) -> Writer:
        """Return the writer to an index that was made of this very log."""
        writer = self._opened()
        with open_snapshot(self._delivery) as public:
            position = writer.position
            if stands(position, public.load_changes(position.serial, 1)):
                return writer
        self.close()
        return self._begun()

    def _opened(self) -> Writer:
        """Return the writer to what readers see; begin anew where that is of no use."""
        if self._writer is not None and not self._index.is_current(self._writer):
            self.close()
        if self._writer is None:
            try:
                self._writer, self._written = self._index.writer(), None
            except IndexUnavailable:
                raise
            except IndexUnusable:
                return self._begun()
        return self._writer

    def _begun(self) -> Writer:
        """Begin anew, for readers to see at once: a part of an index is more than none."""
        writer = self._new()
        self._index.adopt(writer)
        return writer

    def _new(self) -> Writer:
        self.close()
        self._writer, self._written, self._count = self._index.new(), set(), 0
        self._pages = _FIRST_PAGES
        self._writer.save(self._start())
        return self._writer

    def _start(self) -> Position:
        with open_snapshot(self._delivery) as public:
            serial, mark = public.log_state.position
        return Position(serial=serial, mark=mark)

    def _step(self, writer: Writer) -> bool:
        before = writer.position
        position, more = self._follow(writer, before)
        if not position.complete:
            position = self._build(writer, position)
        if position.sources:
            position = self._rewrite(writer, position)
        if position != before:
            writer.save(position)
        return more or not position.complete or bool(position.sources)

    def _follow(self, writer: Writer, position: Position) -> tuple[Position, bool]:
        """Write what the log tells of."""
        with open_snapshot(self._delivery) as public:
            rows = public.load_changes(position.serial + 1, _ROWS)
            ids = list(dict.fromkeys(row.id for row in rows if row.type == "article"))
            stories = [indexed(one) for one in public.load_released_stories(ids)]
        if not rows:
            return position, False
        writer.put(stories)
        kept = {story.id for story in stories}
        writer.remove([id_ for id_ in ids if id_ not in kept])
        if self._written is not None:
            self._written.update(kept)
        sources = {row.id: "" for row in rows if row.type == "source"}
        position = replace(
            position,
            serial=rows[-1].serial,
            mark=rows[-1].mark,
            sources={**position.sources, **sources},
        )
        return position, len(rows) == _ROWS

    def _build(self, writer: Writer, position: Position) -> Position:
        """Write some of the stories that an index that is new has still to take in.

        The first are written soon, so that something is found; then more at a time, because an
        index of few large parts is faster.
        """
        pages, self._pages = self._pages, min(2 * self._pages, _MOST_PAGES)
        place, end = position.older_than, time.monotonic() + _LONGEST_STEP
        while pages and time.monotonic() < end:
            with open_snapshot(self._delivery) as public:
                page = public.load_stories_before(place, _PAGE)
            self._write_new(writer, [indexed(one) for one in page])
            if len(page) < _PAGE:
                self._written = set()
                return replace(position, older_than=None, complete=True)
            place, pages = (page[-1].published_at, page[-1].id), pages - 1
        return replace(position, older_than=place)

    def _write_new(self, writer: Writer, stories: Sequence[IndexedStory]) -> None:
        self._count += len(stories)
        if self._written is None:
            writer.put(stories)
            return
        writer.put([one for one in stories if one.id in self._written])
        writer.add([one for one in stories if one.id not in self._written])

    def _rewrite(self, writer: Writer, position: Position) -> Position:
        """Write some stories anew of a source that has perhaps another name now."""
        source, after = next(iter(position.sources.items()))
        with open_snapshot(self._delivery) as public:
            page = public.load_stories_of_source(source, after, _PAGE)
        writer.put([indexed(one) for one in page])
        rest = {id_: place for id_, place in position.sources.items() if id_ != source}
        if len(page) == _PAGE:
            rest[source] = page[-1].id
        return replace(position, sources=rest)


def stands(position: Position, rows: Sequence[ChangedThing]) -> bool:
    """Tell whether a position is one of this log: `rows` begin with the one that it names."""
    if position.serial == 0:
        return True
    return bool(rows) and rows[0][:2] == (position.serial, position.mark)
