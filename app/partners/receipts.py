"""Receipts: which partner received which story, in which version, and whether its removal.

Each process keeps what it sent in memory, and writes it every few seconds, so that no answer waits
for a write. A process that is killed loses the receipts of these seconds.
"""

import logging
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from app.kit.clock import Clock
from app.kit.sql.database import Database
from app.partners.sent_story import REMOVED, SentStory
from app.partners.store.receipts import RemovalRow, SentRow, write_receipts

WRITE_INTERVAL = timedelta(seconds=3)
# Stories in memory while the database cannot be written; further ones get no receipt.
MOST_PENDING = 100_000
_MOST_IN_TRANSACTION = 2_000
_log = logging.getLogger("dateline.partners")


@dataclass(slots=True)
class _SentAnswer:
    """An answer that a partner got, once or several times."""

    partner_id: str
    stories: Sequence[SentStory]
    route: str
    first_at: datetime
    last_at: datetime


class Receipts:
    """The receipts of one process since the last write."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Write to a database."""
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        # By partner and identity of the stories: a cached answer is sent many times.
        self._answers: dict[tuple[str, int], _SentAnswer] = {}
        self._size = 0
        self._written_at: datetime | None = None

    def add(self, partner_id: str, stories: Sequence[SentStory], route: str) -> None:
        """Note that the stories, or their removals, are sent to a partner by a route."""
        now = self._clock.now()
        with self._lock:
            known = self._answers.get((partner_id, id(stories)))
            if known is not None:
                known.last_at = now
            else:
                self._put(_SentAnswer(partner_id, stories, route, now, now))

    def write_if_due(self) -> None:
        """Write what there is if the interval has passed."""
        now, last = self._clock.now(), self._written_at
        # If the clock was set back, do not wait longer.
        if last is None or not last <= now < last + WRITE_INTERVAL:
            self.write()

    def write(self) -> None:
        """Write everything; keep it if that fails."""
        with self._lock:
            answers, self._answers, self._size = self._answers, {}, 0
        self._written_at = self._clock.now()
        if not answers:
            return
        is_written = False
        try:
            self._write(sorted(answers.values(), key=attrgetter("last_at")))
            is_written = True
        finally:
            if not is_written:
                self._restore(answers.values())

    def _write(self, answers: Sequence[_SentAnswer]) -> None:
        """Write what partners got, and then the removals, in several transactions."""
        sent, removed = _collect_sent(answers), _collect_removed(answers)
        for start in range(0, len(sent), _MOST_IN_TRANSACTION):
            with self._database.write() as session:
                write_receipts(session, sent[start : start + _MOST_IN_TRANSACTION], ())
        for start in range(0, len(removed), _MOST_IN_TRANSACTION):
            with self._database.write() as session:
                write_receipts(session, (), removed[start : start + _MOST_IN_TRANSACTION])

    def _restore(self, answers: Iterable[_SentAnswer]) -> None:
        with self._lock:
            newer, self._answers, self._size = self._answers, {}, 0
            for answer in answers:
                again = newer.pop((answer.partner_id, id(answer.stories)), None)
                if again is not None:
                    answer.last_at = again.last_at
                self._put(answer)
            for answer in newer.values():
                self._put(answer)

    def _put(self, answer: _SentAnswer) -> None:
        before, self._size = self._size, self._size + len(answer.stories)
        if self._size <= MOST_PENDING:
            self._answers[answer.partner_id, id(answer.stories)] = answer
        elif before <= MOST_PENDING:
            _log.warning("receipts of partners are lost: they cannot be written at present")


def _collect_sent(answers: Iterable[_SentAnswer]) -> list[SentRow]:
    """Return a row for each partner and story, in one order, to prevent deadlocks."""
    found: dict[tuple[str, str], SentRow] = {}
    for answer in answers:
        for story in answer.stories:
            if story.form == REMOVED:
                continue
            key = (story.id, answer.partner_id)
            known = found.get(key)
            first_at = answer.first_at if known is None else min(known.first_at, answer.first_at)
            found[key] = SentRow(
                *key, first_at, answer.last_at, story.version, story.form, answer.route
            )
    return [found[key] for key in sorted(found)]


def _collect_removed(answers: Iterable[_SentAnswer]) -> list[RemovalRow]:
    """Return the removals in the same order, and the first ones of a story first."""
    return sorted(
        RemovalRow(story.id, answer.partner_id, answer.first_at, answer.route)
        for answer in answers
        for story in answer.stories
        if story.form == REMOVED
    )
