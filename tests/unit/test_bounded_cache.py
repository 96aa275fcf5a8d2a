"""The bounded cache: a limit in bytes, and eviction of the oldest entries."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.kit.bounded_cache import BoundedCache, entries_within


def cache(limit: int) -> BoundedCache[str, bytes]:
    return BoundedCache(limit, lambda key, value: len(key) + len(value))


def test_the_oldest_entries_are_evicted_above_the_limit() -> None:
    kept = cache(10)
    kept["a"], kept["b"] = b"1234", b"1234"
    assert (list(kept), kept.weight) == (["a", "b"], 10)
    kept["c"] = b"1"
    assert (list(kept), kept.weight) == (["b", "c"], 7)
    assert kept.get("a") is None
    assert kept["b"] == b"1234"


def test_an_entry_above_the_limit_is_not_stored_and_evicts_nothing() -> None:
    kept = cache(10)
    kept["a"] = b"1234"
    kept["b"] = bytes(100)
    assert (dict(kept), kept.weight) == ({"a": b"1234"}, 5)
    # The earlier value is outdated.
    kept["a"] = bytes(100)
    assert (dict(kept), kept.weight) == ({}, 0)


def test_a_replaced_or_removed_entry_is_not_counted_twice() -> None:
    kept = cache(10)
    for length in (4, 2, 8):
        kept["a"] = bytes(length)
        assert kept.weight == 1 + length
    del kept["a"]
    with pytest.raises(KeyError):
        del kept["a"]
    kept["b"] = b""
    kept.clear()
    assert (len(kept), kept.weight) == (0, 0)


def test_concurrent_writes_stay_within_the_limit() -> None:
    kept = cache(1_000)

    def fill(thread: int) -> None:
        for number in range(3_000):
            kept[f"{thread} {number % 50}"] = bytes(number % 300)
            kept.get(f"{thread} {number % 7}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(fill, range(8)))
    assert kept.weight == sum(len(key) + len(value) for key, value in kept.items()) <= 1_000


def test_a_cache_of_longer_words_has_fewer_entries() -> None:
    assert entries_within(1_000_000, 100) > entries_within(1_000_000, 1_000) > 100
