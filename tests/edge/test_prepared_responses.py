"""Prepared responses: their fingerprints, and when they are dropped."""

from typing import Any

from app.api.cache.entries import CacheEntry, EntryStore, PreparedResponse
from app.api.cache.request import (
    CacheKey,
    Fingerprint,
    PublicRequest,
    compute_fingerprint,
    read_request,
)
from app.api.http.answer import AnswerMetadata, PublicAnswer
from app.api.monitoring.metrics import Tally

KEY: CacheKey = ("/v1/headlines", b"", False, "")


def _entry(*keys: str) -> CacheEntry:
    return CacheEntry.from_answer(
        PublicAnswer(200, [], b"[]", AnswerMetadata(1, keys, None)), "/v1/headlines"
    )


def _ready(entry: CacheEntry) -> PreparedResponse:
    return PreparedResponse(200, [], b"", None, entry, Tally("/v1/headlines", 200))


def _name(path: str = "/v1/headlines", query: bytes = b"", **headers: str) -> Fingerprint:
    fields = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    scope: dict[str, Any] = {"path": path, "query_string": query, "headers": fields}
    name, _ = compute_fingerprint({**scope, "raw_path": path.encode()})
    assert compute_fingerprint(scope)[0] == name, "servers may leave the raw path out"
    return name


def test_the_fingerprint_includes_everything_that_a_response_depends_on() -> None:
    names = [
        _name(),
        _name("/v1/articles"),
        _name(query=b"limit=1"),
        _name(host="a"),
        _name(host="b"),
        _name(accept="gzip"),
        _name(accept_encoding="gzip"),
        _name(if_none_match="gzip"),
        _name(if_modified_since="gzip"),
        _name(origin="gzip"),
        _name(origin="", host="a"),
        _name(authorization="Bearer a"),
        _name(x_api_key="a"),
    ]
    assert len(set(names)) == len(names)


def test_the_fingerprint_includes_nothing_else() -> None:
    assert _name(host="a", user_agent="x", cookie="y", x_request_id="z") == _name(host="a")


def _request(*names: bytes) -> PublicRequest:
    scope = {
        "path": "/v1/headlines",
        "query_string": b"",
        "headers": [(name, b"a") for name in names],
    }
    request = read_request(scope, b"", None, lambda *_: True)
    assert request is not None
    return request


def test_requests_with_a_key_or_without_a_host_are_not_shareable() -> None:
    assert _request(b"host", b"accept").is_shareable
    for names in ([b"accept"], [b"host", b"authorization"], [b"host", b"x-api-key"]):
        assert not _request(*names).is_shareable


def test_a_prepared_response_is_dropped_with_its_entry() -> None:
    store = EntryStore(100_000)
    entry = _entry("story:1")
    store.put(KEY, entry)
    store.prepare(b"a", KEY, _ready(entry))
    assert store.prepared.get(b"a") is not None
    store.drop_dependents(["story:1"])
    assert store.prepared.get(b"a") is None


def test_no_response_is_prepared_for_an_entry_outside_the_cache() -> None:
    store = EntryStore(100_000)
    entry, newer = _entry(), _entry()
    store.prepare(b"a", KEY, _ready(entry))
    store.put(KEY, newer)
    store.prepare(b"a", KEY, _ready(entry))
    assert store.prepared.get(b"a") is None
    store.prepare(b"a", KEY, _ready(newer))
    store.put(KEY, entry)
    assert store.prepared.get(b"a") is None


def test_fingerprints_are_limited_in_length_per_entry_and_in_total() -> None:
    store, entry = EntryStore(1_000_000_000), _entry()
    store.put(KEY, entry)
    for number in range(1_000):
        store.prepare(b"%d" % number, KEY, _ready(entry))
        assert b"%d" % number in store.prepared
    assert len(entry.fingerprints) <= 50
    for number in range(25_000):
        key, other = ("/v1/headlines", b"%d" % number, False, ""), _entry()
        store.put(key, other)
        store.prepare(b"%d" % number, key, _ready(other))
        assert b"%d" % number in store.prepared
    assert len(store.prepared) <= 10_000
    store.prepare(b"x" * 5_000, KEY, _ready(entry))
    assert b"x" * 5_000 not in store.prepared
