"""The bounded cache: a limit in bytes, and eviction of the oldest entries."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.kit.bounded_cache import BoundedCache, entries_within


def cache(limit: int) -> BoundedCache[str, bytes]:
    return BoundedCache(limit, lambda key, value: len(key) + len(value))


def test_the_oldest_entries_are_evicted_above_the_limit() -> None:
    entries = cache(10)
    entries["a"], entries["b"] = b"1234", b"1234"
    assert (list(entries), entries.weight) == (["a", "b"], 10)
    entries["c"] = b"1"
    assert (list(entries), entries.weight) == (["b", "c"], 7)
    assert entries.get("a") is None
    assert entries["b"] == b"1234"


def test_an_entry_above_the_limit_is_not_stored_and_evicts_nothing() -> None:
    entries = cache(10)
    entries["a"] = b"1234"
    entries["b"] = bytes(100)
    assert (dict(entries), entries.weight) == ({"a": b"1234"}, 5)
    # The earlier value is outdated.
    entries["a"] = bytes(100)
    assert (dict(entries), entries.weight) == ({}, 0)


def test_a_replaced_or_removed_entry_is_not_counted_twice() -> None:
    entries = cache(10)
    for length in (4, 2, 8):
        entries["a"] = bytes(length)
        assert entries.weight == 1 + length
    del entries["a"]
    with pytest.raises(KeyError):
        del entries["a"]
    entries["b"] = b""
    entries.clear()
    assert (len(entries), entries.weight) == (0, 0)


def test_concurrent_writes_stay_within_the_limit() -> None:
    entries = cache(1_000)

    def fill(thread: int) -> None:
        for number in range(3_000):
            entries[f"{thread} {number % 50}"] = bytes(number % 300)
            entries.get(f"{thread} {number % 7}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(fill, range(8)))
    assert entries.weight == sum(len(key) + len(value) for key, value in entries.items()) <= 1_000


def test_a_cache_of_longer_words_has_fewer_entries() -> None:
    assert entries_within(1_000_000, 100) > entries_within(1_000_000, 1_000) > 100
