"""Keep the index up to date with the change log.

A new index is filled with the public stories, newest first, and follows the log from the position
at which it was started. Both happen in small steps. Each step commits its progress, so it may be
interrupted anywhere.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from app.delivery.queries import DeliveryQueries
from app.delivery.snapshot import open_snapshot
from app.delivery.store.snapshot_queries import ChangedThing
from app.search.errors import IndexUnavailable, IndexUnusable
from app.search.index import Index, IndexedStory, IndexPosition, Writer
from app.search.stories import to_indexed_story

_ROWS = 1_000
_PAGE = 500
_FIRST_PAGES, _MOST_PAGES = 4, 100
_LONGEST_STEP = 10.0


class IndexUpdater:
    """Brings an index up to date, step by step. Only one may run at a time."""

    def __init__(self, index: Index, delivery: DeliveryQueries) -> None:
        """Follow the public side."""
        self._index = index
        self._delivery = delivery
        self._writer: Writer | None = None
        # Ids written while building, which the build may meet again; None if another process
        # started the index.
        self._written: set[str] | None = None
        self._count = 0
        self._pages = _FIRST_PAGES
        self._failures = 0

    def step(self) -> bool:
        """Do a part of the work; return whether more is left."""
        try:
            more = self._step(self._open_valid_writer())
        except IndexUnavailable:
            # The files may be intact: they are still read, and written again when there is space.
            self.close()
            raise
        except IndexUnusable:
            self._record_failure()
            raise
        self._failures = 0
        return more

    def rebuild(self) -> Iterator[int]:
        """Build a new index next to the current one, and replace that when the new one is complete.

        Yield the number of stories so far.
        """
        writer = self._create_index()
        while self._step(writer):
            yield self._count
        self._index.adopt(writer)
        self.close()
        yield self._count

    def close(self) -> None:
        """Stop writing; a broken index may stay as it is."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(IndexUnusable):
                writer.close()

    def _record_failure(self) -> None:
        """Close the writer. After two failures in a row discard an index that has a flaw."""
        self.close()
        self._failures += 1
        if self._failures > 1 and self._index.find_flaw() is not None:
            self._index.discard()

    def _open_valid_writer(self) -> Writer:
        """Return the writer to an index that was made from this log."""
        writer = self._open_writer()
        with open_snapshot(self._delivery) as public:
            position = writer.position
            if is_position_in_log(position, public.load_changes(position.serial, 1)):
                return writer
        self.close()
        return self._start_over()

    def _open_writer(self) -> Writer:
        """Return the writer to the current index; start over if it is unusable."""
        if self._writer is not None and not self._index.is_current(self._writer):
            self.close()
        if self._writer is None:
            try:
                self._writer, self._written = self._index.writer(), None
            except IndexUnavailable:
                raise
            except IndexUnusable:
                return self._start_over()
        return self._writer

    def _start_over(self) -> Writer:
        """Start a new index that is read at once: a partial index is better than none."""
        writer = self._create_index()
        self._index.adopt(writer)
        return writer

    def _create_index(self) -> Writer:
        self.close()
        self._writer, self._written, self._count = self._index.new_writer(), set(), 0
        self._pages = _FIRST_PAGES
        self._writer.save(self._log_position())
        return self._writer

    def _log_position(self) -> IndexPosition:
        with open_snapshot(self._delivery) as public:
            serial, mark = public.log_state.position
        return IndexPosition(serial=serial, mark=mark)

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

    def _follow(self, writer: Writer, position: IndexPosition) -> tuple[IndexPosition, bool]:
        """Write the stories that the log names."""
        with open_snapshot(self._delivery) as public:
            rows = public.load_changes(position.serial + 1, _ROWS)
            ids = list(dict.fromkeys(row.id for row in rows if row.type == "article"))
            stories = [to_indexed_story(story) for story in public.load_released_stories(ids)]
        if not rows:
            return position, False
        writer.put(stories)
        written = {story.id for story in stories}
        writer.remove([id_ for id_ in ids if id_ not in written])
        if self._written is not None:
            self._written.update(written)
        sources = {row.id: "" for row in rows if row.type == "source"}
        position = replace(
            position,
            serial=rows[-1].serial,
            mark=rows[-1].mark,
            sources={**position.sources, **sources},
        )
        return position, len(rows) == _ROWS

    def _build(self, writer: Writer, position: IndexPosition) -> IndexPosition:
        """Write some of the stories that a new index still lacks.

        The first commits are small, so that searches find something soon. Later ones are large,
        because an index with few large segments is faster.
        """
        pages, self._pages = self._pages, min(2 * self._pages, _MOST_PAGES)
        place, end = position.older_than, time.monotonic() + _LONGEST_STEP
        while pages and time.monotonic() < end:
            with open_snapshot(self._delivery) as public:
                page = public.load_stories_before(place, _PAGE)
            self._write_new(writer, [to_indexed_story(story) for story in page])
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
        writer.put([story for story in stories if story.id in self._written])
        writer.add([story for story in stories if story.id not in self._written])

    def _rewrite(self, writer: Writer, position: IndexPosition) -> IndexPosition:
        """Write stories of a source again, because its name may have changed."""
        source, after = next(iter(position.sources.items()))
        with open_snapshot(self._delivery) as public:
            page = public.load_stories_of_source(source, after, _PAGE)
        writer.put([to_indexed_story(story) for story in page])
        rest = {id_: place for id_, place in position.sources.items() if id_ != source}
        if len(page) == _PAGE:
            rest[source] = page[-1].id
        return replace(position, sources=rest)


def is_position_in_log(position: IndexPosition, rows: Sequence[ChangedThing]) -> bool:
    """Tell whether a position belongs to this log: `rows` must begin with its row."""
    if position.serial == 0:
        return True
    return bool(rows) and rows[0][:2] == (position.serial, position.mark)
