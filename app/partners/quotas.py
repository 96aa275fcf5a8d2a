"""Quotas of partners: how many stories may be sent to them in a day and in a month.

Within a quota, no answer waits for the database: its counts are read every few seconds, and what
this process has sent since is added. When a quota is reached, each answer is checked in the
database, since a story that the partner has received in the same version does not count.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from app.access.caller import Caller
from app.access.limits.partner_limits import PartnerLimits
from app.kit.clock import Clock, format_instant
from app.kit.sql.database import Database
from app.partners.counting import (
    CountedStory,
    Recipient,
    WholeStory,
    count_stories,
    format_day,
)
from app.partners.errors import QuotaExceeded
from app.partners.receipts import Receipts
from app.partners.sent_story import FULL, SentStory
from app.partners.store.receipts import load_counted
from app.partners.store.usage import StoryCounts, load_story_counts


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota of a partner, and how much of it was used."""

    name: Literal["stories_per_day", "stories_per_month"]
    window: Literal["day", "month"]
    quota: int
    used: int
    resets_at: datetime

    @property
    def remaining(self) -> int:
        """Return how many stories may still be sent in this window."""
        return max(0, self.quota - self.used)


@dataclass(slots=True)
class _Balance:
    """How many stories counted for a partner when that was read, and what was sent since.

    `added` also has stories that do not count because the partner has them. On the next day, a
    balance is too high, so the database is read.
    """

    read_at: datetime
    counts: StoryCounts
    added: int = 0

    def allows(self, limits: PartnerLimits) -> bool:
        """Tell whether no quota is reached."""
        per_day, per_month = limits.stories_per_day, limits.stories_per_month
        return (per_day is None or self.counts.day + self.added < per_day) and (
            per_month is None or self.counts.month + self.added < per_month
        )

    def list_quotas(self, limits: PartnerLimits) -> list[Quota]:
        """Return the quotas, and how much of them was used when that was read."""
        found, today = [], self.read_at.replace(hour=0, minute=0, second=0, microsecond=0)
        if limits.stories_per_day is not None:
            tomorrow = today + timedelta(days=1)
            found.append(
                Quota("stories_per_day", "day", limits.stories_per_day, self.counts.day, tomorrow)
            )
        if limits.stories_per_month is not None:
            next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
            found.append(
                Quota(
                    "stories_per_month",
                    "month",
                    limits.stories_per_month,
                    self.counts.month,
                    next_month,
                )
            )
        return found


class StoryQuotas:
    """The quotas of partners, as one process knows them."""

    def __init__(
        self, database: Database, clock: Clock, receipts: Receipts, *, is_enforced: bool
    ) -> None:
        """Read counts from a database; `receipts` has what is not written yet."""
        self._database = database
        self._clock = clock
        self._receipts = receipts
        self._is_enforced = is_enforced
        self._balances: dict[str, _Balance] = {}

    def allow_from_memory(self, caller: Caller, stories: Iterable[SentStory]) -> bool:
        """Tell whether stories may be sent to a caller; False if only `check` can tell."""
        if not self._has_quota(caller.limits):
            return True
        balance = self._balances.get(caller.partner_id or "")
        if balance is not None and balance.allows(caller.limits):
            return True
        return not any(story.form == FULL for story in stories)

    def check(self, caller: Caller, stories: Iterable[SentStory]) -> None:
        """Read the database; refuse stories that would count if a quota is reached."""
        now, partner_id = self._clock.now(), caller.partner_id or ""
        whole = [
            WholeStory(story.id, partner_id, story.version, now, "", "")
            for story in stories
            if story.form == FULL
        ]
        balance, known = self._load(partner_id, whole, now)
        if balance.allows(caller.limits):
            self._balances[partner_id] = balance
        elif count_stories(known, whole):
            raise _build_refusal(balance.list_quotas(caller.limits), now)

    def check_reached(self, caller: Caller) -> None:
        """Read the database; refuse if a quota is reached, whatever is to be sent."""
        now = self._clock.now()
        if self._has_quota(caller.limits):
            balance, _ = self._load(caller.partner_id or "", (), now)
            if not balance.allows(caller.limits):
                raise _build_refusal(balance.list_quotas(caller.limits), now)

    def load(self, caller: Caller) -> list[Quota]:
        """Return the quotas of a caller, and how much of them was used."""
        if not self._has_quota(caller.limits):
            return []
        balance, _ = self._load(caller.partner_id or "", (), self._clock.now())
        return balance.list_quotas(caller.limits)

    def note_sent(self, partner_id: str, stories: Iterable[SentStory]) -> None:
        """Add stories that this process sends; the whole ones are compared with the quotas."""
        balance = self._balances.get(partner_id)
        if balance is not None:
            number = sum(story.form == FULL for story in stories)
            balance.added += number

    def forget(self) -> None:
        """Forget all counts, every few seconds, since other processes send stories, too."""
        self._balances = {}

    def _has_quota(self, limits: PartnerLimits) -> bool:
        has_quota = limits.stories_per_day is not None or limits.stories_per_month is not None
        return has_quota and self._is_enforced

    def _load(
        self, partner_id: str, whole: Sequence[WholeStory], now: datetime
    ) -> tuple[_Balance, dict[Recipient, CountedStory]]:
        """Return the counts, and what is known of some stories, with what is not written yet."""
        # Read before the database: rows that are written in between are then found in both, and
        # count once.
        unwritten, day = self._receipts.list_unwritten(partner_id), format_day(now)
        with self._database.read() as session:
            counts = load_story_counts(session, partner_id, day)
            known = load_counted(session, {story.recipient for story in (*unwritten, *whole)})
        days = [story.day for story in count_stories(known, unwritten)]
        in_month = sum(other[:7] == day[:7] for other in days)
        counts = StoryCounts(counts.day + days.count(day), counts.month + in_month)
        return _Balance(now, counts), known


def _build_refusal(quotas: Iterable[Quota], now: datetime) -> QuotaExceeded:
    reached = [quota for quota in quotas if not quota.remaining]
    last = max(reached, key=lambda quota: quota.resets_at)
    return QuotaExceeded(
        f"The quota of {last.quota} stories a {last.window} is reached; the next {last.window} "
        f"begins at {format_instant(last.resets_at)}. What you have received in the same version "
        "can be read again.",
        max(1, ceil((last.resets_at - now).total_seconds())),
    )
