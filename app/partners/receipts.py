"""Receipts: which partner received which story, in which version, and whether it got the removal.

Each process keeps what it sent in memory, and writes it every few seconds, so that no answer waits
for a write. A process that is killed loses the receipts of these seconds. The transaction that
writes receipts also counts the stories, so a story counts once, whatever processes send it.
"""

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from operator import attrgetter

from app.kit.clock import Clock
from app.kit.sql.database import Database
from app.kit.sql.session import WriteSession
from app.partners.counting import Recipient, WholeStory, count_stories
from app.partners.sent_story import FULL, REMOVED, SentStory
from app.partners.store.receipts import (
    RemovalRow,
    SentRow,
    load_counted,
    update_counted,
    write_receipts,
)
from app.partners.store.usage import UsageKey, UsageRow, add_usage

# Stories in memory while the database cannot be written; further ones get no receipt.
MOST_PENDING = 100_000
_MOST_IN_TRANSACTION = 2_000
_log = logging.getLogger("dateline.partners")


@dataclass(slots=True)
class SentAnswer:
    """An answer that a partner got, once or several times, with one key."""

    partner_id: str
    key_id: str
    stories: Sequence[SentStory]
    route: str
    first_at: datetime
    last_at: datetime


# By partner, key and identity of the stories: a cached answer is sent many times.
SentAnswers = dict[tuple[str, str, int], SentAnswer]


class Receipts:
    """The receipts of one process since the last write."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Write to a database."""
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: SentAnswers = {}
        self._size = 0

    def add(
        self,
        partner_id: str,
        stories: Sequence[SentStory],
        route: str,
        key_id: str = "",
        now: datetime | None = None,
    ) -> tuple[SentAnswer, bool]:
        """Note that the stories, or their removals, are sent to a partner by a route.

        Return what is noted, and whether this is the first time since the last write.
        """
        now, key = now or self._clock.now(), (partner_id, key_id, id(stories))
        with self._lock:
            known = self._answers.get(key)
            if known is not None:
                known.last_at = now
                return known, False
            sent = SentAnswer(partner_id, key_id, stories, route, now, now)
            self._put(key, sent)
        return sent, True

    def list_unwritten(self, partner_id: str) -> list[WholeStory]:
        """Return the whole stories that were sent to a partner and are not written yet."""
        with self._lock:
            answers = [
                answer for answer in self._answers.values() if answer.partner_id == partner_id
            ]
        return _list_whole(answers)

    def take(self) -> SentAnswers:
        """Return what is not written yet, and forget it."""
        with self._lock:
            answers, self._answers, self._size = self._answers, {}, 0
        return answers

    def write(self, answers: SentAnswers) -> None:
        """Write what was taken; keep the receipts if that fails."""
        if not answers:
            return
        is_written = False
        try:
            self._write(sorted(answers.values(), key=attrgetter("last_at")))
            is_written = True
        finally:
            if not is_written:
                self._restore(answers)

    def _write(self, answers: Sequence[SentAnswer]) -> None:
        """Write and count what partners got, and then the removals, in several transactions."""
        sent, removed = _collect_sent(answers), _collect_removed(answers)
        whole: dict[Recipient, list[WholeStory]] = {}
        for story in _list_whole(answers):
            whole.setdefault(story.recipient, []).append(story)
        for start in range(0, len(sent), _MOST_IN_TRANSACTION):
            rows = sent[start : start + _MOST_IN_TRANSACTION]
            stories = [whole.get((row.article_id, row.partner_id), ()) for row in rows]
            with self._database.write() as session:
                write_receipts(session, rows, ())
                _count(session, list(chain.from_iterable(stories)))
        for start in range(0, len(removed), _MOST_IN_TRANSACTION):
            with self._database.write() as session:
                write_receipts(session, (), removed[start : start + _MOST_IN_TRANSACTION])

    def _restore(self, answers: SentAnswers) -> None:
        with self._lock:
            newer, self._answers, self._size = self._answers, {}, 0
            for key, answer in answers.items():
                again = newer.pop(key, None)
                if again is None:
                    self._put(key, answer)
                    continue
                # The newer object may be in use.
                again.first_at = answer.first_at
                self._put(key, again)
            for key, answer in newer.items():
                self._put(key, answer)

    def _put(self, key: tuple[str, str, int], answer: SentAnswer) -> None:
        before, self._size = self._size, self._size + len(answer.stories)
        if self._size <= MOST_PENDING:
            self._answers[key] = answer
        elif before <= MOST_PENDING:
            _log.warning("receipts of partners are lost: they cannot be written at present")


def _count(session: WriteSession, stories: Sequence[WholeStory]) -> None:
    """Count stories whose receipts this transaction has written and locked."""
    if not stories:
        return
    before = load_counted(session, {story.recipient for story in stories})
    known = dict(before)
    # A story that was purged has no receipt, and does not count.
    sent = sorted((story for story in stories if story.recipient in known), key=attrgetter("at"))
    counted = Counter(
        UsageKey(story.day, story.partner_id, story.key_id, story.route)
        for story in count_stories(known, sent)
    )
    update_counted(session, [known[key] for key in sorted(known) if known[key] != before[key]])
    add_usage(session, [UsageRow(*key, 0, number, 0) for key, number in counted.items()])


def _list_whole(answers: Iterable[SentAnswer]) -> list[WholeStory]:
    """Return the stories of answers that were sent with their body, in the order of time."""
    return [
        WholeStory(
            story.id, answer.partner_id, story.version, answer.first_at, answer.key_id, answer.route
        )
        for answer in sorted(answers, key=attrgetter("first_at"))
        for story in answer.stories
        if story.form == FULL
    ]


def _collect_sent(answers: Iterable[SentAnswer]) -> list[SentRow]:
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


def _collect_removed(answers: Iterable[SentAnswer]) -> list[RemovalRow]:
    """Return the removals in the same order, and the first ones of a story first."""
    return sorted(
        RemovalRow(story.id, answer.partner_id, answer.first_at, answer.route)
        for answer in answers
        for story in answer.stories
        if story.form == REMOVED
    )
