"""Many slow receivers do not delay a fast one."""

import threading
import time
from collections.abc import Iterator
from copy import deepcopy

import pytest

from app.syndication.push import send_slots
from app.syndication.push.send_slots import SendSlots
from tests.newsroom import Newsroom
from tests.push.conftest import Pushing
from tests.receiver import ReceivedRequest, Receiver, receiving

pytestmark = pytest.mark.slow

# Enough receivers to occupy all slots, with eight requests to each.
_MANY = send_slots.MOST_SLOTS // 8 + 4
_STORIES = 12
# A request times out after ten seconds, and then there are free slots in any case.
_SOON = 9


class Hanging:
    """A receiver that can hang: then it responds to nothing."""

    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.waiting = 0
        self.ended = threading.Event()

    def hang(self) -> None:
        """Respond to nothing from now on."""
        self.receiver.answer = self._answer

    def _answer(self, _: ReceivedRequest) -> int:
        self.waiting += 1
        return 204 if self.ended.wait(30) else 500


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    """Run a receiver that can hang, and release all waiting requests at the end."""
    with receiving() as receiver:
        hanging_receiver = Hanging(receiver)
        yield hanging_receiver
        hanging_receiver.ended.set()


@pytest.fixture
def dialect() -> str:
    """One database is enough: nothing here depends on it."""
    return "sqlite"


@pytest.mark.parametrize("quick_until_now", [False, True])
def test_a_fast_receiver_gets_requests_immediately_while_many_others_hang(
    pushing: Pushing,
    newsroom: Newsroom,
    receiver: Receiver,
    hanging: Hanging,
    quick_until_now: bool,
) -> None:
    for _ in range(_MANY):
        pushing.webhook(hanging.receiver.url, "article.published")
    pushing.webhook(receiver.url, "article.published")
    if quick_until_now:
        newsroom.story("Before")
        pushing.settle()
    earlier = len(receiver.requests)
    hanging.hang()
    for number in range(_STORIES):
        newsroom.story(f"Story {number}")
    began = time.monotonic()
    pushing.until(lambda: len(receiver.requests) == earlier + _STORIES)
    assert time.monotonic() - began < _SOON
    hanging.ended.set()
    pushing.settle()
    assert len(hanging.receiver.requests) == _MANY * (_STORIES + earlier)


def test_a_hanging_receiver_gets_fewer_requests_over_time(
    pushing: Pushing, newsroom: Newsroom, hanging: Hanging
) -> None:
    pushing.webhook(hanging.receiver.url, "article.published")
    newsroom.story("Before")
    pushing.settle()
    hanging.hang()
    for number in range(4):
        newsroom.story(f"Story {number}")
    pushing.until(lambda: hanging.waiting == 4)
    # By now each has taken so long that three would be enough.
    time.sleep(2.1 * send_slots.QUICK_SECONDS)
    newsroom.story("More")
    for _ in range(5):
        pushing.services.push.run_step()
        time.sleep(0.1)
    assert hanging.waiting == 4
    hanging.ended.set()
    pushing.settle()
    assert hanging.waiting == 5


def test_the_slots_of_a_receiver_shrink_with_its_answer_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("app.syndication.push.send_slots.time.monotonic", lambda: now[0])
    slots, shares = SendSlots(), list[int]()
    for seconds in (0.1, 0.1, 3.9, 9, 9, 0.1, 0.1, 0.1, 0.1):
        place = slots.take("one", failing=False)
        now[0] += seconds
        place.stop_clock()
        slots.release(place)
        shares.append(_fill(deepcopy(slots), "one", 8))
    assert shares == [8, 8, 4, 1, 1, 2, 4, 8, 8]


def test_slow_receivers_have_half_of_the_slots_and_some_are_kept_for_idle_ones() -> None:
    slots = SendSlots()
    for number in range(send_slots.SLOW_SLOTS):
        assert slots.has_slot(f"new {number}", 8, failing=False)
        slots.take(f"new {number}", failing=False)
    assert not slots.has_slot("newer", 8, failing=False)
    assert not slots.has_slot("failing", 8, failing=True)
    for name in ("quick", "also quick"):
        slots.release(slots.take(name, failing=False))
    assert slots.has_slot("quick", 100, failing=False)
    assert _fill(slots, "quick", 100) == send_slots.SLOTS_FOR_ADDITIONAL - send_slots.SLOW_SLOTS
    assert slots.has_slot("also quick", 100, failing=False)


def test_a_hanging_receiver_that_was_fast_leaves_slots_for_slow_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1.0]
    monkeypatch.setattr("app.syndication.push.send_slots.time.monotonic", lambda: now[0])
    slots = SendSlots()
    hang = [f"hangs {number}" for number in range(12)]
    for name in hang:
        slots.release(slots.take(name, failing=False))
    assert sum(_fill(slots, name, 8) for name in hang) == send_slots.SLOTS_FOR_ADDITIONAL
    late, quick = slots.take("late", failing=False), slots.take("quick", failing=False)
    quick.stop_clock()
    # Like every receiver on a busy machine.
    now[0] += 1.2
    late.stop_clock()
    for place in (late, quick):
        slots.release(place)
    assert slots.has_slot("late", 8, failing=False)
    firsts = send_slots.SLOTS_BEFORE_QUICK_ONLY - send_slots.SLOTS_FOR_ADDITIONAL
    for number in range(firsts):
        assert slots.has_slot(f"new {number}", 8, failing=False)
        slots.take(f"new {number}", failing=False)
    assert not slots.has_slot("late", 8, failing=False)
    assert slots.has_slot("quick", 8, failing=False)


def _fill(slots: SendSlots, receiver: str, most: int) -> int:
    """Occupy all slots that a receiver gets, and return their number."""
    taken = 0
    while slots.has_slot(receiver, most, failing=False):
        slots.take(receiver, failing=False)
        taken += 1
    return taken
