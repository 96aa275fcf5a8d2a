"""A story is parsed once for all feeds that contain it, and the cache is bounded."""

from typing import Any

import pytest

from app.kit import json
from app.syndication.model import item_cache as remembering
from app.syndication.model.addresses import Addresses
from app.syndication.model.item_cache import ItemCache

_STORY: dict[str, Any] = {
    "id": "01a219cf-d8d5-72ca-999e-e5da05fa3893",
    "slug": "one",
    "kind": "news",
    "language": "en",
    "version": 1,
    "title": "One",
    "summary": None,
    "url": None,
    "published_at": "2026-01-12T10:00:00Z",
    "updated_at": "2026-01-12T10:00:00Z",
    "source": None,
    "categories": [],
    "tags": [],
    "authors": [],
    "image": None,
    "urgency": None,
}


def _document(**fields: Any) -> bytes:
    return json.dumps({**_STORY, **fields})


@pytest.fixture
def items() -> ItemCache:
    return ItemCache(Addresses("https://news.example"))


def test_equal_documents_are_parsed_once(items: ItemCache) -> None:
    assert items.load(_document()) is items.load(_document())


def test_a_changed_document_is_parsed_again(items: ItemCache) -> None:
    renamed = {"id": "s", "slug": "s", "name": "Renamed", "url": None}
    source = {**renamed, "name": "Before"}
    before, after = (items.load(_document(source=name)) for name in (source, renamed))
    assert before.source is not None
    assert after.source is not None
    assert (before.source["name"], after.source["name"]) == ("Before", "Renamed")


def test_the_oldest_items_are_dropped_first(
    items: ItemCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    weight = len(_document(slug="0")) * remembering._WEIGHT
    monkeypatch.setattr(remembering, "_MOST", 3 * weight)
    items = ItemCache(items.addresses)
    first = items.load(_document(slug="0"))
    for number in range(1, 3):
        items.load(_document(slug=str(number)))
    assert items.load(_document(slug="0")) is first
    items.load(_document(slug="3"))
    assert items.load(_document(slug="0")) is not first


def test_a_very_large_item_is_not_cached(items: ItemCache) -> None:
    large = _document(body_html="a" * remembering._LARGEST)
    assert items.load(large) is not items.load(large)
