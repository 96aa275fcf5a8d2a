"""Stories are read once for all feeds that show them, and only so many are remembered."""

from typing import Any

import pytest

from app.kit import json
from app.syndication.model import item_cache as remembering
from app.syndication.model.addresses import Addresses
from app.syndication.model.item_cache import Items

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
def items() -> Items:
    return Items(Addresses("https://news.example"))


def test_equal_documents_are_read_once(items: Items) -> None:
    assert items.of(_document()) is items.of(_document())


def test_a_document_that_says_something_else_is_another_story(items: Items) -> None:
    renamed = {"id": "s", "slug": "s", "name": "Renamed", "url": None}
    source = {**renamed, "name": "Before"}
    before, after = (items.of(_document(source=one)) for one in (source, renamed))
    assert before.source is not None
    assert after.source is not None
    assert (before.source["name"], after.source["name"]) == ("Before", "Renamed")


def test_the_oldest_go_first(items: Items, monkeypatch: pytest.MonkeyPatch) -> None:
    weight = len(_document(slug="0")) * remembering._WEIGHT
    monkeypatch.setattr(remembering, "_MOST", 3 * weight)
    items = Items(items.addresses)
    first = items.of(_document(slug="0"))
    for number in range(1, 3):
        items.of(_document(slug=str(number)))
    assert items.of(_document(slug="0")) is first
    items.of(_document(slug="3"))
    assert items.of(_document(slug="0")) is not first


def test_one_that_would_push_out_many_is_not_kept(items: Items) -> None:
    large = _document(body_html="a" * remembering._LARGEST)
    assert items.of(large) is not items.of(large)
