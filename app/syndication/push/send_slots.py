"""Places for requests under way: how many each receiver may have, so that nobody takes them all.

Who answers at once is sent many things at the same time. Who takes long is sent fewer, the longer
the fewer; all who do, who fail, or who never answered yet share half of the room. And the last
quarter of it is for those who have nothing under way: however many hang that were quick until
now, others are sent something all the same.
"""

import time

# Requests under way: of all receivers together, of those who may take long, beyond the first, and
# before what is left is for the quick alone.
MOST_SLOTS = 128
SLOW_SLOTS = 64
SLOTS_FOR_ADDITIONAL = 96
SLOTS_BEFORE_QUICK_ONLY = 112
# Seconds within which an answer is quick.
QUICK_SECONDS = 1.0
# Receivers whose pace is remembered; who is forgotten shows it anew.
_MOST_PACES = 10_000


class SendSlot:
    """One place that is taken; `failing` where the request before this one failed."""

    __slots__ = ("_began", "_ended", "failing", "receiver")

    def __init__(self, receiver: str, failing: bool) -> None:
        """Begin to count seconds."""
        self.receiver = receiver
        self.failing = failing
        self._began = time.monotonic()
        self._ended: float | None = None

    def stop_clock(self, _: object = None) -> None:
        """Stop counting; what becomes of the answer is not the receiver's time."""
        self._ended = time.monotonic()

    @property
    def seconds(self) -> float:
        """Return how long the receiver took, or has taken until now."""
        return (self._ended or time.monotonic()) - self._began


class SendSlots:
    """Knows who has what under way, and how fast each receiver was. For one thread."""

    def __init__(self) -> None:
        """Begin empty, and knowing nobody."""
        self._taken: dict[str, list[SendSlot]] = {}
        self._paces: dict[str, float] = {}

    @property
    def free(self) -> int:
        """Return how many places are free."""
        return MOST_SLOTS - sum(map(len, self._taken.values()))

    def has_slot(self, receiver: str, most: int, *, failing: bool) -> bool:
        """Tell whether a receiver that may have `most` gets a place now, or has to wait."""
        own = len(self._taken.get(receiver, ()))
        return own < self._limit_of(receiver, most, failing) and self._has_room(
            receiver, own, failing
        )

    def take(self, receiver: str, *, failing: bool) -> SendSlot:
        """Take a place for a receiver that has one."""
        slot = SendSlot(receiver, failing)
        self._taken.setdefault(receiver, []).append(slot)
        return slot

    def release(self, slot: SendSlot) -> None:
        """Give a place back, and remember how long it was taken: half of that, half of before."""
        slots = self._taken[slot.receiver]
        slots.remove(slot)
        if not slots:
            del self._taken[slot.receiver]
        before = self._paces.pop(slot.receiver, slot.seconds)
        self._paces[slot.receiver] = (before + slot.seconds) / 2
        if len(self._paces) > _MOST_PACES:
            del self._paces[next(iter(self._paces))]

    def _limit_of(self, receiver: str, most: int, failing: bool) -> int:
        """Return how many a receiver may have: as many as it answers, or hopes to, in a second."""
        pace = self._pace_of(receiver)
        if failing or pace is None:
            return 1
        return most if pace <= QUICK_SECONDS else max(1, int(most * QUICK_SECONDS / pace))

    def _has_room(self, receiver: str, own: int, failing: bool) -> bool:
        if self.free <= 0 or (own and self.free <= MOST_SLOTS - SLOTS_FOR_ADDITIONAL):
            return False
        if not failing and self._is_quick(receiver):
            return True
        slow = self._slots_of_slow()
        if own:
            return sum(slow) < SLOW_SLOTS
        # Those who took many while they were quick leave the others a first one.
        return len(slow) < SLOW_SLOTS and self.free > MOST_SLOTS - SLOTS_BEFORE_QUICK_ONLY

    def _slots_of_slow(self) -> list[int]:
        """Return how many places each has of those who take long, or fail."""
        taken = []
        for receiver, slots in self._taken.items():
            quick = self._is_quick(receiver)
            taken.append(sum(slot.failing or not quick for slot in slots))
        return [count for count in taken if count]

    def _is_quick(self, receiver: str) -> bool:
        pace = self._pace_of(receiver)
        return pace is not None and pace <= QUICK_SECONDS

    def _pace_of(self, receiver: str) -> float | None:
        """Return seconds that a receiver takes, or nothing where it never answered.

        Who has something under way takes at least as long as that has taken.
        """
        longest = max((slot.seconds for slot in self._taken.get(receiver, ())), default=0.0)
        known = self._paces.get(receiver)
        if known is None:
            return longest if longest > QUICK_SECONDS else None
        return max(known, longest)
