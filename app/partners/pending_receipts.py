"""What partners received since the last write of receipts, and the receipts of its stories.

Equal answers to a partner are one `SentAnswer`, and sending it again changes one value. So what is
in memory does not grow with the number of requests. The receipts of stories are built from the
answers when they are written.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from app.kit.clock import to_micros
from app.partners.counting import WholeStory
from app.partners.sent_story import FULL, REMOVED, SentStory
from app.partners.store.receipts import RemovalRow, SentRow


@dataclass(slots=True, eq=False)
class SentAnswer:
    """The stories of equal answers to a partner, and when the first and last of them were sent.

    `key_id` is empty for a webhook.
    """

    partner_id: str
    stories: Sequence[SentStory]
    route: str
    key_id: str
    first_at: datetime
    last_at: datetime

    def repeat(self, now: datetime) -> None:
        """Note that it is sent again; the clock may have been set back."""
        if now > self.last_at:
            self.last_at = now
        elif now < self.first_at:
            self.first_at = now


# Which answers are equal: the route, the id of the key, and the stories.
_AnswerKey = tuple[str, str, tuple[SentStory, ...]]


class PendingReceipts:
    """The answers to all partners, with at most a number of stories in total."""

    def __init__(self, limit: int) -> None:
        """Start empty."""
        self._limit = limit
        self._by_partner: dict[str, dict[_AnswerKey, SentAnswer]] = {}
        self.size = 0
        # Whether answers were left out.
        self.is_incomplete = False

    def note(
        self,
        partner_id: str,
        stories: Sequence[SentStory],
        route: str,
        key_id: str,
        now: datetime,
    ) -> tuple[SentAnswer | None, bool]:
        """Note that stories, or their removals, are sent to a partner by a route.

        Return the answer, or None if there is no room for it, and whether it is a new one.
        """
        answers = self._by_partner.setdefault(partner_id, {})
        key = (route, key_id, tuple(stories))
        answer = answers.get(key)
        if answer is not None:
            answer.repeat(now)
            return answer, False
        answer = SentAnswer(partner_id, key[2], route, key_id, now, now)
        return (answer if self._put(key, answer) else None), True

    def add_earlier(self, earlier: "PendingReceipts") -> None:
        """Add what was sent earlier."""
        self.is_incomplete = self.is_incomplete or earlier.is_incomplete
        for partner_id, answers in earlier._by_partner.items():
            own = self._by_partner.setdefault(partner_id, {})
            for key, answer in answers.items():
                if key in own:
                    own[key].repeat(answer.first_at)
                    own[key].repeat(answer.last_at)
                else:
                    self._put(key, answer)

    def list_answers(self, partner_id: str) -> list[SentAnswer]:
        """Return the answers to a partner."""
        return list(self._by_partner.get(partner_id, {}).values())

    def iterate_receipts(self) -> Iterator["StoryReceipt"]:
        """Yield the receipts of all stories in the order of the ids of partners and stories.

        They are built for one partner at a time. The garbage collector would visit those of all
        partners again and again.
        """
        for partner_id in sorted(self._by_partner):
            receipts = build_receipts(self.list_answers(partner_id))
            yield from (receipts[id_] for id_ in sorted(receipts))

    def _put(self, key: _AnswerKey, answer: SentAnswer) -> bool:
        """Add an answer if there is room for it."""
        if self.size + len(answer.stories) > self._limit:
            self.is_incomplete = True
            return False
        self.size += len(answer.stories)
        self._by_partner.setdefault(answer.partner_id, {})[key] = answer
        return True


class StoryReceipt:
    """What a partner received of a story.

    `removal` is the first removal after the story was sent last. `whole` are the versions that were
    sent with their body.
    """

    __slots__ = ("_first", "_last", "_route", "_story", "partner_id", "removal", "whole")

    def __init__(self, partner_id: str) -> None:
        """Start with nothing."""
        self.partner_id = partner_id
        self.removal: RemovalRow | None = None
        self.whole: list[WholeStory] = []
        self._story: SentStory | None = None
        # In microseconds.
        self._first = self._last = 0
        self._route = ""

    @property
    def sent(self) -> SentRow | None:
        """Return the row to write of the story; None if only its removal was sent."""
        if self._story is None:
            return None
        id_, version, form = self._story
        return id_, self.partner_id, self._first, self._last, version, form, self._route

    def add(self, story: SentStory, answer: SentAnswer, at: datetime, micros: int) -> None:
        """Add that the story, or its removal, was sent; call this in the order of time."""
        id_, version, form = story
        if form == REMOVED:
            if self.removal is None:
                self.removal = RemovalRow(id_, self.partner_id, at, answer.route)
            return
        # A removal at the same instant stays.
        if self.removal is not None and self.removal.at < at:
            self.removal = None
        if self._story is None:
            self._first = micros
        self._story, self._last, self._route = story, micros, answer.route
        if form == FULL and (not self.whole or self.whole[-1].version < version):
            whole = WholeStory(id_, self.partner_id, version, at, answer.key_id, answer.route)
            self.whole.append(whole)


def build_receipts(answers: Iterable[SentAnswer]) -> dict[str, StoryReceipt]:
    """Return the receipts of the stories of answers to a partner, by the ids of stories."""
    receipts: dict[str, StoryReceipt] = {}
    for at, answer in sorted(_list_moments(answers), key=itemgetter(0)):
        micros = to_micros(at)
        for story in answer.stories:
            receipt = receipts.get(story.id)
            if receipt is None:
                receipt = receipts[story.id] = StoryReceipt(answer.partner_id)
            receipt.add(story, answer, at, micros)
    return receipts


def _list_moments(answers: Iterable[SentAnswer]) -> Iterator[tuple[datetime, SentAnswer]]:
    """Yield when each answer was sent first and last."""
    for answer in answers:
        yield answer.first_at, answer
        if answer.last_at > answer.first_at:
            yield answer.last_at, answer
