"""The store of finished responses is bounded, and entries are dropped by their dependencies."""

from datetime import UTC, datetime

from app.api.cache.entries import CacheEntry, EntryStore
from app.api.cache.request import CacheKey
from app.api.http.answer import AnswerMetadata, PublicAnswer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _entry(size: int, *keys: str) -> CacheEntry:
    return CacheEntry.from_answer(
        PublicAnswer(200, [], b"x" * size, AnswerMetadata(1, keys, None)), "/v1/headlines"
    )


def _key(number: int) -> CacheKey:
    return (f"/v1/articles/{number}", b"", False, "")


def test_the_store_stays_within_its_limit_and_evicts_the_least_recently_used() -> None:
    store = EntryStore(200_000)
    for number in range(100):
        store.put(_key(number), _entry(8_000))
        assert store.get(_key(0), NOW) is not None
        assert store.weight <= 200_000
    assert store.get(_key(1), NOW) is None
    assert store.get(_key(99), NOW) is not None


def test_an_entry_is_dropped_by_each_of_its_dependencies() -> None:
    store = EntryStore(1_000_000)
    store.put(_key(1), _entry(10, "story:1", "group:7"))
    store.put(_key(2), _entry(10, "story:2", "group:7"))
    store.drop_dependents(["story:1"])
    assert (store.get(_key(1), NOW), store.get(_key(2), NOW) is not None) == (None, True)
    store.drop_dependents(["group:7"])
    assert len(store) == 0
    assert store.weight == 0


def test_dropped_keys_leave_no_dependencies() -> None:
    store = EntryStore(50_000)
    for number in range(1_000):
        store.put(_key(number), _entry(1_000, f"story:{number}", "stories"))
    assert sum(len(keys) for keys in store._keys_by_dependency.values()) == 2 * len(store)


def test_a_response_that_is_too_large_is_not_stored() -> None:
    store = EntryStore(100_000)
    store.put(_key(1), _entry(90_000))
    assert len(store) == 0


def test_later_encodings_count_towards_the_limit() -> None:
    store = EntryStore(1_000_000)
    entry = _entry(50_000)
    store.put(_key(1), entry)
    before = store.weight
    entry.variant("gzip")
    store.weigh(_key(1))
    assert before < store.weight <= before + 50_000


def test_a_limit_of_zero_stores_nothing() -> None:
    store = EntryStore(0)
    store.put(_key(1), _entry(10))
    assert len(store) == 0


def test_responses_to_long_requests_are_not_stored() -> None:
    store = EntryStore(1_000_000)
    store.put((f"/v1/articles/{'x' * 40_000}", b"", False, ""), _entry(10))
    store.put(("/v1/headlines", b"tag=" + b"x" * 40_000, False, ""), _entry(10))
    assert len(store) == 0
