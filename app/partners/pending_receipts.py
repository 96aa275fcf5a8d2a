"""What partners received since the last write of receipts: one entry for each story of a partner.

So the entries are as many as different stories, not as many as answers, and nothing of an answer
stays in memory. Otherwise the garbage collector would visit all stories of all answers.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from app.partners.counting import WholeStory
from app.partners.sent_story import FULL, REMOVED, SentStory
from app.partners.store.receipts import RemovalRow, SentRow


class PendingReceipt:
    """All answers to a partner that had a story, or its removal.

    `row` is what to write of the story, except for the last time, which is `last_at`. `removal` is
    the first removal after it. `whole` are the versions that were sent with their body. If the same
    story is sent again as `shown` by the same `route`, only `last_at` changes.
    """

    __slots__ = ("last_at", "removal", "route", "row", "shown", "whole")

    def __init__(self) -> None:
        """Start with nothing."""
        self.row: SentRow | None = None
        self.last_at: datetime | None = None
        self.removal: RemovalRow | None = None
        self.whole: list[WholeStory] = []
        self.shown: SentStory | None = None
        self.route = ""

    @property
    def sent(self) -> SentRow | None:
        """Return the row to write of the story; None if only its removal was sent."""
        row, last_at = self.row, self.last_at
        return None if row is None or last_at is None else row._replace(last_at=last_at)

    def note(
        self, story: SentStory, partner_id: str, route: str, key_id: str, at: datetime
    ) -> bool:
        """Note that the story, or its removal, was sent.

        Return whether it has its body, in a newer version than before.
        """
        id_, version, form = story
        if form == REMOVED:
            self._add_removal(RemovalRow(id_, partner_id, at, route))
            return False
        self._add_sent(SentRow(id_, partner_id, at, at, version, form, route))
        # A removal at the same instant stays, and would not be after the story the next time.
        is_last = self.last_at == at and self.removal is None
        self.shown, self.route = story if is_last else None, route
        is_new = form == FULL and (not self.whole or self.whole[-1].version < version)
        if is_new:
            self.whole.append(WholeStory(id_, partner_id, version, at, key_id, route))
        return is_new

    def add_later(self, later: "PendingReceipt") -> None:
        """Add what was sent later."""
        sent = later.sent
        if sent is not None:
            self._add_sent(sent)
        if later.removal is not None:
            self._add_removal(later.removal)
        for story in later.whole:
            if not self.whole or self.whole[-1].version < story.version:
                self.whole.append(story)
        self.shown = None

    def _add_sent(self, row: SentRow) -> None:
        if self.removal is not None and self.removal.at < row.last_at:
            self.removal = None
        known = self.row or row
        first_at = min(known.first_at, row.first_at)
        if self.last_at is None or self.last_at <= row.last_at:
            known, self.last_at = row, row.last_at
        self.row = known._replace(first_at=first_at)

    def _add_removal(self, row: RemovalRow) -> None:
        self.shown = None
        if self.removal is None and (self.last_at is None or self.last_at <= row.at):
            self.removal = row


class PendingReceipts:
    """The entries of all partners, at most a number of them."""

    def __init__(self, limit: int) -> None:
        """Start empty."""
        self._limit = limit
        self._size = 0
        # By the ids of partners, and then of stories.
        self._by_partner: dict[str, dict[str, PendingReceipt]] = {}
        # Whether entries were left out.
        self.is_incomplete = False

    def note(
        self,
        partner_id: str,
        stories: Sequence[SentStory],
        route: str,
        key_id: str,
        now: datetime,
    ) -> int:
        """Note that stories, or their removals, are sent to a partner by a route.

        Return how many have their body, in a newer version than before.
        """
        entries, number = self._by_partner.setdefault(partner_id, {}), 0
        for story in stories:
            entry = entries.get(story.id)
            if (
                entry is not None
                and entry.shown == story
                and entry.route == route
                # Not after the clock was set back.
                and (entry.last_at is None or entry.last_at <= now)
            ):
                entry.last_at = now
                continue
            entry = entry or self._put(partner_id, story.id, PendingReceipt())
            if entry is not None:
                number += entry.note(story, partner_id, route, key_id, now)
        return number

    def note_earlier(
        self,
        partner_id: str,
        stories: Sequence[SentStory],
        route: str,
        key_id: str,
        at: datetime,
    ) -> None:
        """Note the same of stories that have entries, and may have been sent again since."""
        entries = self._by_partner.get(partner_id, {})
        for story in stories:
            entry = entries.get(story.id)
            if entry is not None:
                entry.note(story, partner_id, route, key_id, at)

    def add_later(self, later: "PendingReceipts") -> None:
        """Add what was sent later."""
        self.is_incomplete = self.is_incomplete or later.is_incomplete
        for article_id, partner_id, entry in later.list_entries():
            known = self._by_partner.get(partner_id, {}).get(article_id)
            if known is not None:
                known.add_later(entry)
            else:
                self._put(partner_id, article_id, entry)

    def list_entries(self) -> list[tuple[str, str, PendingReceipt]]:
        """Return the entries with the ids of their stories and partners."""
        return [
            (article_id, partner_id, entry)
            for partner_id, entries in self._by_partner.items()
            for article_id, entry in entries.items()
        ]

    def list_whole(self, partner_id: str) -> Iterator[WholeStory]:
        """Yield the stories that were sent to a partner with their body."""
        for entry in self._by_partner.get(partner_id, {}).values():
            yield from entry.whole

    def _put(
        self, partner_id: str, article_id: str, entry: PendingReceipt
    ) -> PendingReceipt | None:
        """Add an entry if there is room for it."""
        if self._size >= self._limit:
            self.is_incomplete = True
            return None
        self._size += 1
        self._by_partner.setdefault(partner_id, {})[article_id] = entry
        return entry
