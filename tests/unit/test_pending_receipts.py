"""Receipts in memory: one entry for each story of a partner, whatever the number of answers."""

from datetime import UTC, datetime, timedelta

from app.partners.pending_receipts import PendingReceipt, PendingReceipts
from app.partners.sent_story import REMOVED, SentForm, SentStory

START = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(minute: int) -> datetime:
    """Return an instant."""
    return START + timedelta(minutes=minute)


def note(
    pending: PendingReceipts, minute: int, version: int = 1, form: SentForm = "full", key: str = "k"
) -> int:
    """Note an answer with one story; its route is that of its form."""
    return pending.note("p", [SentStory("s", version, form)], f"/{form}", key, at(minute))


def entry_of(pending: PendingReceipts) -> PendingReceipt:
    """Return the only entry."""
    ((article_id, partner_id, entry),) = pending.list_entries()
    assert (article_id, partner_id) == ("s", "p")
    return entry


def test_answers_with_a_story_become_one_row() -> None:
    pending = PendingReceipts(9)
    assert [note(pending, minute, key=f"k{minute}") for minute in range(3)] == [1, 0, 0]
    assert note(pending, 3, version=2, form="headline") == 0
    assert [note(pending, minute, version=2) for minute in (4, 5)] == [1, 0]
    entry = entry_of(pending)
    assert entry.sent == ("s", "p", at(0), at(5), 2, "full", "/full")
    whole = [(story.version, story.at, story.key_id) for story in entry.whole]
    assert whole == [(1, at(0), "k0"), (2, at(4), "k")]
    assert list(pending.list_whole("p")) == entry.whole
    assert list(pending.list_whole("other")) == []
    cached = [SentStory("s", 1, "full")]
    pending.note_earlier("p", cached, "/cached", "k", at(3))
    assert entry.sent == ("s", "p", at(0), at(5), 2, "full", "/full")
    pending.note("p", cached, "/cached", "k", at(6))
    assert entry.sent == ("s", "p", at(0), at(6), 1, "full", "/cached")


def find_removal_time(pending: PendingReceipts) -> datetime | None:
    """Return when the removal of the story was sent."""
    removal = entry_of(pending).removal
    return None if removal is None else removal.at


def test_a_removal_counts_until_the_story_is_sent_again() -> None:
    pending = PendingReceipts(9)
    note(pending, 0, form=REMOVED)
    assert entry_of(pending).sent is None
    assert find_removal_time(pending) == at(0)
    for minute in (1, 2):
        note(pending, minute)
        assert find_removal_time(pending) is None
    for minute in (3, 4):
        note(pending, minute, version=0, form=REMOVED)
        assert entry_of(pending).removal == ("s", "p", at(3), "/removed")
    entry = entry_of(pending)
    assert entry.sent == ("s", "p", at(1), at(2), 1, "full", "/full")
    # At the instant of a removal, and later, with nothing else changed.
    note(pending, 3)
    assert find_removal_time(pending) == at(3)
    note(pending, 4)
    assert find_removal_time(pending) is None
    assert entry.last_at == at(4)


def test_earlier_answers_change_nothing_later() -> None:
    pending = PendingReceipts(9)
    note(pending, 0)
    note(pending, 4, version=2, form="headline")
    note(pending, 5, version=0, form=REMOVED)
    entry = entry_of(pending)
    before = entry.sent, entry.removal
    pending.note_earlier("p", [SentStory("s", 1, "full")], "/cached", "k", at(2))
    assert (entry.sent, entry.removal) == before
    pending.note("p", [SentStory("s", 1, "full")], "/cached", "k", at(6))
    assert entry.sent == ("s", "p", at(0), at(6), 1, "full", "/cached")
    assert entry.removal is None
    pending.note_earlier("p", [SentStory("other", 1, "full")], "/cached", "k", at(7))
    assert len(pending.list_entries()) == 1


def test_what_could_not_be_written_is_kept() -> None:
    failed, later = PendingReceipts(2), PendingReceipts(3)
    note(failed, 0)
    note(failed, 1, version=0, form=REMOVED)
    note(later, 2, version=2)
    note(later, 3, version=0, form=REMOVED)
    later.note("q", [SentStory("s", 1, "headline"), SentStory("t", 1, "headline")], "/", "", at(3))
    failed.add_later(later)
    entries = {(article, partner): entry for article, partner, entry in failed.list_entries()}
    assert list(entries) == [("s", "p"), ("s", "q")], "there is room for two"
    assert failed.is_incomplete
    entry = entries["s", "p"]
    assert entry.sent == ("s", "p", at(0), at(2), 2, "full", "/full")
    assert entry.removal == ("s", "p", at(3), "/removed")
    assert [story.version for story in entry.whole] == [1, 2]
    again = PendingReceipts(9)
    note(again, 3, version=2)
    failed.add_later(again)
    assert [story.version for story in entry.whole] == [1, 2], "a version is kept once"
    assert note(failed, 4, version=2) == 0
    assert entry.removal is None, "it was sent again"


def test_a_clock_that_was_set_back_changes_no_last_time() -> None:
    pending = PendingReceipts(9)
    for minute in (10, 1):
        note(pending, minute)
    assert entry_of(pending).sent == ("s", "p", at(1), at(10), 1, "full", "/full")
