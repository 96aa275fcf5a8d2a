"""Receipts in memory: equal answers are one, and receipts are built from them."""

from datetime import UTC, datetime, timedelta

from app.kit.clock import to_micros
from app.partners.pending_receipts import PendingReceipts, StoryReceipt, build_receipts
from app.partners.sent_story import REMOVED, SentForm, SentStory

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def micros(minute: int) -> int:
    """Return an instant as receipts are written."""
    return to_micros(at(minute))


def at(minute: int) -> datetime:
    """Return an instant."""
    return START + timedelta(minutes=minute)


def note(
    pending: PendingReceipts, minute: int, version: int = 1, form: SentForm = "full", key: str = "k"
) -> bool:
    """Note an answer with one story; its route is that of its form. Return whether it is new."""
    stories = [SentStory("s", version, form)]
    return pending.note("p", stories, f"/{form}", key, at(minute))[1]


def receipt_of(pending: PendingReceipts) -> StoryReceipt:
    """Return the only receipt."""
    (receipt,) = build_receipts(pending.list_answers("p")).values()
    assert receipt.partner_id == "p"
    return receipt


def test_equal_answers_are_one() -> None:
    pending = PendingReceipts(9)
    assert [note(pending, minute) for minute in range(3)] == [True, False, False]
    assert note(pending, 3, key="other")
    assert note(pending, 4, version=2)
    assert note(pending, 5, form="headline")
    assert not note(pending, 6)
    assert pending.note("q", [SentStory("s", 1, "full")], "/full", "k", at(0))[1]
    times = [(answer.first_at, answer.last_at) for answer in pending.list_answers("p")]
    assert times == [(at(0), at(6)), (at(3), at(3)), (at(4), at(4)), (at(5), at(5))]
    assert pending.list_answers("other") == []
    assert pending.size == 5
    receipts = [(receipt.partner_id, receipt.sent) for receipt in pending.iterate_receipts()]
    assert receipts == [
        ("p", ("s", "p", micros(0), micros(6), 1, "full", "/full")),
        ("q", ("s", "q", micros(0), micros(0), 1, "full", "/full")),
    ]


def test_answers_with_a_story_become_one_receipt() -> None:
    pending = PendingReceipts(9)
    for minute in range(3):
        note(pending, minute, key=f"k{minute}")
    note(pending, 3, version=2, form="headline")
    for minute in (4, 5):
        note(pending, minute, version=2)
    receipt = receipt_of(pending)
    assert receipt.sent == ("s", "p", micros(0), micros(5), 2, "full", "/full")
    whole = [(story.version, story.at, story.key_id) for story in receipt.whole]
    assert whole == [(1, at(0), "k0"), (2, at(4), "k")]
    note(pending, 6, key="k0")
    assert receipt_of(pending).sent == ("s", "p", micros(0), micros(6), 1, "full", "/full")
    assert len(receipt_of(pending).whole) == 2, "an older version is not a new one"


def find_removal_time(pending: PendingReceipts) -> datetime | None:
    """Return when the removal of the story was sent."""
    removal = receipt_of(pending).removal
    return None if removal is None else removal.at


def test_a_removal_counts_until_the_story_is_sent_again() -> None:
    pending = PendingReceipts(9)
    note(pending, 0, version=0, form=REMOVED)
    assert receipt_of(pending).sent is None
    assert find_removal_time(pending) == at(0)
    for minute in (1, 2):
        note(pending, minute)
        assert find_removal_time(pending) is None
    for minute in (3, 4):
        note(pending, minute, version=0, form=REMOVED)
    receipt = receipt_of(pending)
    assert receipt.removal is not None
    assert (receipt.removal.at, receipt.removal.route) == (at(4), "/removed")
    assert receipt.sent == ("s", "p", micros(1), micros(2), 1, "full", "/full")
    # At the instant of a removal, and later, with nothing else changed.
    note(pending, 4)
    assert find_removal_time(pending) == at(4)
    note(pending, 5)
    assert find_removal_time(pending) is None


def test_what_could_not_be_written_is_kept() -> None:
    failed, later = PendingReceipts(9), PendingReceipts(3)
    note(failed, 0)
    note(failed, 1, version=0, form=REMOVED)
    failed.note("q", [SentStory("s", 1, "headline")], "/", "", at(1))
    note(later, 2)
    note(later, 3, version=2)
    sent = later.list_answers("p")[0]
    later.add_earlier(failed)
    assert later.is_incomplete, "there is room for three"
    assert later.list_answers("p")[0] is sent, "a cached answer refers to it"
    receipt = receipt_of(later)
    assert receipt.sent == ("s", "p", micros(0), micros(3), 2, "full", "/full")
    assert receipt.removal is None, "it was sent again"
    assert [story.version for story in receipt.whole] == [1, 2]
    assert later.note("r", [SentStory("s", 1, "full")], "/", "", at(4)) == (None, True)


def test_a_clock_that_was_set_back_changes_no_last_time() -> None:
    pending = PendingReceipts(9)
    for minute in (10, 1):
        note(pending, minute)
    assert receipt_of(pending).sent == ("s", "p", micros(1), micros(10), 1, "full", "/full")
