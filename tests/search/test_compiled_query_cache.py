"""Compiled queries are cached for one state of the index."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.search.engine import vocabularies as engine_words
from app.search.engine.tantivy_index import TantivyIndex
from app.search.index import IndexResult, Reader
from app.search.query import compiler
from app.search.query.parser import ParsedQuery, parse_query
from tests.search.contract.test_contract import ask, fill, list_ids, story


@pytest.fixture
def index(tmp_path: Path) -> Iterator[TantivyIndex]:
    """An empty engine."""
    empty = TantivyIndex(tmp_path / "search")
    yield empty
    empty.close()


@pytest.fixture
def meant(monkeypatch: pytest.MonkeyPatch) -> list[ParsedQuery]:
    """Return the compiled queries."""
    noted: list[ParsedQuery] = []
    found_out = compiler.compile_with_vocabulary

    def compile_with_vocabulary(typed: ParsedQuery, *more: object, **options: object) -> object:
        noted.append(typed)
        # The other arguments are passed on, whatever their types.
        return found_out(typed, *more, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(engine_words, "compile_with_vocabulary", compile_with_vocabulary)
    return noted


def _search(reader: Reader, typed: str) -> IndexResult:
    return reader.search(ask(parse_query(typed), order="relevance"))


def test_a_query_is_compiled_once(index: TantivyIndex, meant: list[ParsedQuery]) -> None:
    rain = story("Rain over the hills")
    reader = fill(index, rain)
    for _ in range(3):
        assert list_ids(_search(reader, "rain ")) == [rain.id]
    assert len(meant) == 1
    assert list_ids(_search(reader, "hills ")) == [rain.id]
    assert len(meant) == 2


def test_the_next_index_state_has_its_own_vocabulary(index: TantivyIndex) -> None:
    first, second = story("Rain"), story("Rainy")
    reader = fill(index, first)
    assert list_ids(_search(reader, "rai")) == [first.id]
    beside = reader.with_changes((), [second])
    assert set(list_ids(_search(beside, "rai"))) == {first.id, second.id}
    assert set(list_ids(_search(fill(index, first, second), "rai"))) == {first.id, second.id}
    assert list_ids(_search(reader, "rai")) == [first.id]


def test_a_cached_correction_never_leads_to_a_removed_word(
    index: TantivyIndex,
) -> None:
    clouds, taken = story("Clouds"), story("Zanzibar")
    reader = fill(index, clouds, taken)
    assert _search(reader, "zanzibr ").corrected == "zanzibar"
    assert _search(reader.with_changes([taken.id], ()), "zanzibr ").corrected is None
    assert _search(reader, "zanzibr ").corrected == "zanzibar"


def test_the_query_cache_is_bounded(
    index: TantivyIndex, meant: list[ParsedQuery], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Space for two queries of one word.
    monkeypatch.setattr(engine_words, "_MOST_BYTES", 2 * 2 * engine_words._WORD_BYTES)
    reader = fill(index, story("Rain over the hills"))
    for typed in ("rain ", "hills ", "over ", "rain "):
        _search(reader, typed)
    assert len(meant) == 4
    long = "rain " * 11
    for _ in range(2):
        _search(reader, long)
    assert len(meant) == 6
