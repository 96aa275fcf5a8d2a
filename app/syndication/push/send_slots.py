"""Slots for requests in flight: a limit for each receiver, so that no receiver takes all.

A fast receiver gets many requests at a time. The slower a receiver, the fewer it gets; all slow,
failing and new receivers share half of the slots. The last slots are kept for receivers without a
request in flight. So however many fast receivers start to hang, others still get theirs.
"""

import time

# Slots in total, for slow receivers, for a second and later request of a receiver, and for all but
# fast receivers.
MOST_SLOTS = 128
SLOW_SLOTS = 64
SLOTS_FOR_ADDITIONAL = 96
SLOTS_BEFORE_QUICK_ONLY = 112
# Seconds within which an answer counts as fast.
QUICK_SECONDS = 1.0
# Receivers whose pace is remembered; a forgotten one is measured again.
_MOST_PACES = 10_000


class SendSlot:
    """A slot in use; `failing` if the request before this one failed."""

    __slots__ = ("_began", "_ended", "failing", "receiver")

    def __init__(self, receiver: str, failing: bool) -> None:
        """Start the clock."""
        self.receiver = receiver
        self.failing = failing
        self._began = time.monotonic()
        self._ended: float | None = None

    def stop_clock(self, _: object = None) -> None:
        """Stop the clock; processing the answer is not the receiver's time."""
        self._ended = time.monotonic()

    @property
    def seconds(self) -> float:
        """Return the receiver's time until its answer, or until now."""
        return (self._ended or time.monotonic()) - self._began


class SendSlots:
    """Knows the requests in flight and the pace of each receiver. Not thread-safe."""

    def __init__(self) -> None:
        """Start with all slots free and no known pace."""
        self._taken: dict[str, list[SendSlot]] = {}
        self._paces: dict[str, float] = {}

    @property
    def free(self) -> int:
        """Return the number of free slots."""
        return MOST_SLOTS - sum(map(len, self._taken.values()))

    def has_slot(self, receiver: str, most: int, *, failing: bool) -> bool:
        """Tell whether a receiver that may have `most` slots gets one now."""
        own = len(self._taken.get(receiver, ()))
        return own < self._limit_of(receiver, most, failing) and self._has_room(
            receiver, own, failing
        )

    def take(self, receiver: str, *, failing: bool) -> SendSlot:
        """Take a slot for a receiver."""
        slot = SendSlot(receiver, failing)
        self._taken.setdefault(receiver, []).append(slot)
        return slot

    def release(self, slot: SendSlot) -> None:
        """Free a slot, and average its time with the receiver's pace so far."""
        slots = self._taken[slot.receiver]
        slots.remove(slot)
        if not slots:
            del self._taken[slot.receiver]
        before = self._paces.pop(slot.receiver, slot.seconds)
        self._paces[slot.receiver] = (before + slot.seconds) / 2
        if len(self._paces) > _MOST_PACES:
            del self._paces[next(iter(self._paces))]

    def _limit_of(self, receiver: str, most: int, failing: bool) -> int:
        """Return the slot limit of a receiver: as many as it answers in a second."""
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
        # Receivers that took many slots while they were fast leave a first one for the others.
        return len(slow) < SLOW_SLOTS and self.free > MOST_SLOTS - SLOTS_BEFORE_QUICK_ONLY

    def _slots_of_slow(self) -> list[int]:
        """Return the number of slots of each slow or failing receiver."""
        taken = []
        for receiver, slots in self._taken.items():
            quick = self._is_quick(receiver)
            taken.append(sum(slot.failing or not quick for slot in slots))
        return [count for count in taken if count]

    def _is_quick(self, receiver: str) -> bool:
        pace = self._pace_of(receiver)
        return pace is not None and pace <= QUICK_SECONDS

    def _pace_of(self, receiver: str) -> float | None:
        """Return the seconds that a receiver takes, or None if it never answered.

        A request in flight counts with the time that it has taken so far.
        """
        longest = max((slot.seconds for slot in self._taken.get(receiver, ())), default=0.0)
        known = self._paces.get(receiver)
        if known is None:
            return longest if longest > QUICK_SECONDS else None
        return max(known, longest)
