"""Very frequent words: the newest months are ranked, and every reachable page exists."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.access.selection import Clause, Selection
from app.kit.clock import to_micros
from app.search.engine import newest_months
from app.search.engine.tantivy_index import TantivyIndex
from app.search.index import IndexedStory, IndexResult, Reader
from tests.search.contract.test_contract import ask, fill, list_ids, story, words

_FIRST = datetime(2025, 1, 15, tzinfo=UTC)


def _stories() -> list[IndexedStory]:
    """Return four stories a month; those of the first month match best."""
    stories = []
    for number in range(40):
        at = _FIRST + timedelta(days=30 * (number // 4))
        title = "Rain" if number < 4 else "Rain over the hills and over the sea"
        kind = "analysis" if number % 4 == 0 else "news"
        stories.append(story(title, published_at=to_micros(at), kind=kind))
    return stories


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TantivyIndex]:
    """An index with limits of forty stories for "very many" and eight for "enough"."""
    monkeypatch.setattr(newest_months, "FREQUENT", 40)
    monkeypatch.setattr(newest_months, "WANTED_MATCHES", 11)
    monkeypatch.setattr(newest_months, "MIN_MATCHES", 8)
    empty = TantivyIndex(tmp_path / "search")
    yield empty
    empty.close()


def _search(reader: Reader, *wanted: str, **more: object) -> IndexResult:
    return reader.search(ask(words(*wanted), order="relevance", limit=40, **more))


def test_a_very_frequent_word_is_ranked_in_the_newest_months(index: TantivyIndex) -> None:
    stories = _stories()
    results = _search(fill(index, *stories), "rain", count_total=True, facets=("kind",))
    assert set(list_ids(results)) == {story.id for story in stories[-12:]}
    # Counts include all months.
    assert results.total == 40
    assert {value.value: value.count for value in results.facets["kind"]} == {
        "news": 30,
        "analysis": 10,
    }


def test_all_months_are_searched_if_few_of_the_newest_stories_match(index: TantivyIndex) -> None:
    stories = _stories()
    selection = Selection((Clause("kind", ("analysis",)),))
    results = _search(fill(index, *stories), "rain", selection=selection)
    assert set(list_ids(results)) == {story.id for story in stories[::4]}
    assert list_ids(results)[0] == stories[0].id


def test_a_rarer_additional_word_finds_old_stories(index: TantivyIndex) -> None:
    stories = _stories()
    old = story("Rain in Rabat", published_at=stories[0].published_at)
    assert list_ids(_search(fill(index, *stories, old), "rain", "rabat")) == [old.id]


def test_overlay_stories_are_ranked_with_the_newest_months(index: TantivyIndex) -> None:
    stories = _stories()
    late = story("Rain", published_at=stories[-1].published_at)
    reader = fill(index, *stories).with_changes([stories[-1].id], [late])
    results = list_ids(_search(reader, "rain"))
    assert results[0] == late.id
    assert stories[-1].id not in results
    assert len(results) == 12
