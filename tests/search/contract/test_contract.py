"""The contract of a search engine, tested with each implementation."""

import random
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.access.selection import Clause, Selection, TimeRange
from app.kit.clock import from_micros, to_micros
from app.kit.ids import new_id
from app.search.engine.tantivy_index import TantivyIndex
from app.search.errors import IndexUnusable
from app.search.index import (
    FACETS,
    MOST_RELEVANT,
    DatePosition,
    Index,
    IndexedStory,
    IndexGrant,
    IndexPosition,
    IndexQuery,
    IndexResult,
    Order,
    Reader,
)
from app.search.query.parser import ParsedQuery, QueryPart
from app.search.text_fields import StoryText
from tests.clock import START
from tests.search.contract.reference_index import ReferenceIndex

_NOW = to_micros(START)
_HOUR = 3_600_000_000


@pytest.fixture(params=["tantivy", "plain"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    """An empty engine."""
    empty: Index = (
        TantivyIndex(tmp_path / "search") if request.param == "tantivy" else ReferenceIndex()
    )
    yield empty
    empty.close()


def story(title: str, *, body: str = "", hours: float = 0, **given: Any) -> IndexedStory:
    """Return a story of so many hours ago."""
    id_ = given.pop("id", None) or new_id()
    at = given.pop("published_at", int(_NOW - hours * _HOUR))
    tags, authors = given.get("tags", ()), given.get("authors", ())
    values: dict[str, Any] = {
        "slug": title.lower().replace(" ", "-"),
        "url": None,
        "group": id_,
        "branches": (),
        "source": None,
        "languages": ("en",),
        "tags": (),
        "authors": (),
        "labels": (),
        "kind": "news",
        "updated_at": at,
    } | given
    text = StoryText(language="en", title=title, body=body, tags=tags, authors=authors)
    return IndexedStory(id=id_, text=text, published_at=at, **values)


def fill(index: Index, *stories: IndexedStory, position: IndexPosition | None = None) -> Reader:
    """Write stories into a new index, and return a reader of it."""
    writer = index.new_writer()
    writer.put(stories)
    writer.save(position or IndexPosition(serial=1, mark=1, complete=True))
    index.adopt(writer)
    writer.close()
    return index.reader()


def words(*wanted: str, excluded: tuple[str, ...] = (), title: bool = False) -> ParsedQuery:
    """Return a query whose words are all required."""
    return ParsedQuery(
        required=tuple((QueryPart((word,), title=title),) for word in wanted),
        excluded=tuple(QueryPart((word,)) for word in excluded),
    )


def ask(
    typed: ParsedQuery | None = None, *, order: Order = "published_at", **more: Any
) -> IndexQuery:
    """Return a search, by default ordered by date."""
    return IndexQuery(typed, START, order=order, **more)


def list_ids(results: IndexResult) -> list[str]:
    return [hit.id for hit in results.hits]


def test_a_missing_index_is_empty_and_at_the_beginning_of_the_log(index: Index) -> None:
    reader = index.reader()
    assert (reader.count(), reader.position) == (0, IndexPosition(complete=True))
    assert reader.search(ask(words("rain"), count_total=True)).total == 0
    assert index.find_flaw() is None
    with pytest.raises(IndexUnusable):
        index.writer()


def test_a_commit_contains_the_log_position(index: Index) -> None:
    position = IndexPosition(7, 11, (5, "x"), complete=False, sources={"a": "b", "c": ""})
    reader = fill(index, story("Rain"), position=position)
    assert (reader.position, index.writer().position) == (position, position)


def test_uncommitted_changes_are_neither_visible_nor_kept(index: Index) -> None:
    reader = fill(index, story("Rain"))
    writer = index.writer()
    writer.put([story("More rain")])
    assert index.reader().count() == 1
    writer.close()
    writer = index.writer()
    writer.save(IndexPosition(serial=2, complete=True))
    writer.close()
    assert (index.reader().count(), index.reader().position.serial) == (1, 2)
    assert reader.position.serial == 1


def test_a_reader_does_not_change_while_others_write(index: Index) -> None:
    rain = story("Rain")
    before = fill(index, rain)
    writer = index.writer()
    writer.remove([rain.id])
    writer.save(IndexPosition(serial=2, complete=True))
    assert (before.count(), index.reader().count()) == (1, 0)
    assert list_ids(before.search(ask(words("rain")))) == [rain.id]
    writer.close()


def test_readers_see_commits_in_order_while_a_writer_runs(index: Index) -> None:
    fill(index, story("Rain"))
    writer, serials, wrong = index.writer(), list[int](), list[str]()

    def write() -> None:
        for serial in range(2, 60):
            writer.put([story(f"Rain {serial}") for _ in range(3)])
            writer.save(IndexPosition(serial=serial, complete=True))
        writer.close()

    thread = threading.Thread(target=write)
    thread.start()
    while thread.is_alive():
        reader = index.reader()
        serial = reader.position.serial
        if reader.count() != 1 + 3 * (serial - 1):
            wrong.append(f"{reader.count()} stories at {serial}")
        serials.append(serial)
    thread.join()
    assert wrong == []
    assert serials == sorted(serials)
    assert index.reader().position.serial == 59


def test_writing_a_story_again_replaces_it(index: Index) -> None:
    old, new = story("Rain", id=(id_ := new_id())), story("Sunshine", id=id_)
    fill(index, old)
    writer = index.writer()
    writer.put([new])
    writer.put([new])
    writer.save(IndexPosition(serial=2, complete=True))
    writer.close()
    reader = index.reader()
    assert reader.count() == 1
    assert list_ids(reader.search(ask(words("rain")))) == []
    assert list_ids(reader.search(ask(words("sunshine")))) == [id_]


def test_a_new_index_immediately_replaces_the_old_one(index: Index) -> None:
    fill(index, story("Rain"))
    old = index.writer()
    assert index.is_current(old)
    fresh = index.new_writer()
    fresh.add([story("Sunshine"), story("Snow")])
    fresh.save(IndexPosition(serial=9, complete=True))
    assert index.reader().count() == 1
    index.adopt(fresh)
    assert (index.reader().count(), index.reader().position.serial) == (2, 9)
    assert not index.is_current(old)
    assert index.is_current(fresh)
    old.close()
    fresh.close()


def test_all_required_words_and_no_excluded_word_must_match(index: Index) -> None:
    both = story("Rain in Rabat", body="At last.")
    rain = story("Rain", body="Nowhere else.")
    reader = fill(index, both, rain)
    assert list_ids(reader.search(ask(words("rain", "rabat")))) == [both.id]
    assert list_ids(reader.search(ask(words("rain", excluded=("rabat",))))) == [rain.id]
    assert list_ids(reader.search(ask(words("last", title=True)))) == []


def test_a_query_of_excluded_words_finds_all_other_stories(index: Index) -> None:
    rain, snow = story("Rain"), story("Snow")
    reader = fill(index, rain, snow)
    results = reader.search(ask(words(excluded=("rain",)), count_total=True))
    assert (list_ids(results), results.total) == ([snow.id], 1)


def test_no_query_finds_everything_and_an_empty_query_finds_nothing(index: Index) -> None:
    reader = fill(index, story("Rain"), story("Snow"))
    assert reader.search(ask(count_total=True)).total == 2
    assert reader.search(ask(ParsedQuery(), count_total=True)).total == 0
    assert reader.search(ask(ParsedQuery(), order="relevance")).hits == ()


@pytest.mark.parametrize("by", ["id", "url", "slug"])
def test_an_id_or_an_address_finds_its_story(index: Index, by: str) -> None:
    rain = story("Rain", url="https://a.example/2026/rain-today")
    reader = fill(index, rain, story("Snow"))
    typed = ParsedQuery(reference=getattr(rain, by))
    assert list_ids(reader.search(ask(typed, order="relevance"))) == [rain.id]


def test_each_filter_narrows_the_results(index: Index) -> None:
    climate = story(
        "Rain",
        hours=2,
        branches=(("c1", "top"),),
        source="s1",
        languages=("fr", "fr-ca"),
        tags=("Climat",),
        authors=("Aïcha B.",),
        kind="analysis",
    )
    reader = fill(index, climate, story("Rain"))
    for name, value in {
        "category": "top",
        "source": "s1",
        "language": "fr",
        "tag": "climat",
        "author": "aïcha b.",
        "kind": "analysis",
        "id": climate.id,
    }.items():
        only = Selection((Clause(name, (value, "other")),))  # type: ignore[arg-type]
        rest = Selection((Clause(name, (), (value,)),))  # type: ignore[arg-type]
        for typed in (None, words("rain")):
            assert list_ids(reader.search(ask(typed, selection=only))) == [climate.id], name
            others = list_ids(reader.search(ask(typed, selection=rest)))
            assert len(others) == 1, name
            assert climate.id not in others, name


def test_date_ranges_include_their_start_and_not_their_end(index: Index) -> None:
    stories = [story("Rain", hours=hours) for hours in (3, 2, 1)]
    reader = fill(index, *stories)
    start, end = (START - timedelta(hours=hours) for hours in (3, 1))
    for selection in (
        Selection(published=TimeRange(start, end)),
        Selection(updated=TimeRange(start, end)),
    ):
        results = list_ids(reader.search(ask(words("rain"), selection=selection)))
        assert results == [stories[1].id, stories[0].id]


@pytest.mark.parametrize("order", ["published_at", "updated_at"])
@pytest.mark.parametrize("descending", [True, False])
def test_pages_by_date_contain_every_story_once_even_with_equal_dates(
    index: Index, order: Order, descending: bool
) -> None:
    instants = [_NOW] * 9 + [_NOW - _HOUR] * 2 + [_NOW - 2 * _HOUR] * 14
    stories = [story("Rain", published_at=at) for at in instants]
    reader = fill(index, *stories)
    ids: list[str] = []
    place: DatePosition | None = None
    while True:
        query = ask(words("rain"), order=order, descending=descending, limit=4, date_position=place)
        page = reader.search(query)
        ids += list_ids(page)
        if not page.more:
            break
        place = page.hits[-1].date_position
    at = {story.id: story.published_at for story in stories}
    assert len(ids) == len(set(ids)) == len(stories)
    assert [at[id_] for id_ in ids] == sorted(at.values(), reverse=descending)
    whole = ask(words("rain"), order=order, descending=descending, limit=100)
    assert list_ids(reader.search(whole)) == ids


def test_titles_rank_first_and_pages_by_relevance_contain_every_story_once(index: Index) -> None:
    title = story("Rain over Rabat")
    bodies = [story("Weather", body="Rain " + "and more " * 30) for _ in range(25)]
    reader = fill(index, *bodies, title)
    first = reader.search(ask(words("rain"), order="relevance", limit=10))
    assert list_ids(first)[0] == title.id
    scores = [hit.score or 0 for hit in first.hits]
    assert scores == sorted(scores, reverse=True)
    pages = [
        reader.search(ask(words("rain"), order="relevance", limit=10, offset=offset))
        for offset in (0, 10, 20)
    ]
    assert [page.more for page in pages] == [True, True, False]
    assert len({id_ for page in pages for id_ in list_ids(page)}) == 26


def test_pages_by_relevance_end_after_a_thousand_stories(index: Index) -> None:
    reader = fill(index, *(story("Rain") for _ in range(MOST_RELEVANT + 5)))
    last = ask(
        words("rain"), order="relevance", limit=20, offset=MOST_RELEVANT - 10, count_total=True
    )
    results = reader.search(last)
    assert (len(results.hits), results.more, results.total) == (10, False, MOST_RELEVANT + 5)


def test_equally_relevant_stories_are_sorted_by_date_on_every_page(index: Index) -> None:
    stories = [story("Rain", hours=6 * n) for n in range(500)]
    others = [story("Rain", body="Wind. " * (n // 40), hours=n) for n in range(200)]
    mixed = random.Random(1).sample(stories[5:] + others, 695)
    reader = fill(index, *mixed).with_changes((), stories[:5])
    walk = [
        id_
        for offset in range(0, 700, 20)
        for id_ in list_ids(
            reader.search(ask(words("rain"), order="relevance", limit=20, offset=offset))
        )
    ]
    assert len(walk) == len(set(walk)) == 700
    equal = {story.id for story in stories}
    assert [id_ for id_ in walk if id_ in equal] == [story.id for story in stories]


def test_facets_count_the_results_with_the_most_common_value_first(index: Index) -> None:
    reader = fill(
        index,
        story("Rain", branches=(("sea", "world"), ("land",)), source="s1", tags=("Storm", "sea")),
        story("Rain", branches=(("world",),), source="s1", tags=("storm",), languages=("fr",)),
        story("Rain", source="s2", tags=("Storm",), kind="analysis"),
        story("Snow", branches=(("world",),), source="s2"),
    )
    results = reader.search(ask(words("rain"), facets=FACETS, count_total=True))
    counted = {
        name: [(value.value, value.label, value.count) for value in values]
        for name, values in results.facets.items()
    }
    month = from_micros(_NOW).strftime("%Y-%m")
    assert counted == {
        "category": [("world", "world", 2), ("land", "land", 1), ("sea", "sea", 1)],
        "source": [("s1", "s1", 2), ("s2", "s2", 1)],
        "language": [("en", "en", 2), ("fr", "fr", 1)],
        "tag": [("storm", "Storm", 3), ("sea", "sea", 1)],
        "kind": [("news", "news", 2), ("analysis", "analysis", 1)],
        "published_month": [(month, month, 3)],
    }
    assert results.total == 3


@pytest.mark.parametrize("order", ["relevance", "published_at"])
def test_overlay_changes_are_found_like_committed_ones(index: Index, order: Order) -> None:
    unchanged, gone = story("Rain", tags=("a",), hours=1), story("Rain", tags=("b",), hours=2)
    old = story("Rain", tags=("c",), hours=3)
    new = story("Snow in place of rain", id=old.id, tags=("d",), hours=3)
    fresh = story("Rain", tags=("e",))
    reader = fill(index, unchanged, gone, old).with_changes([gone.id], [new, fresh])
    results = reader.search(ask(words("rain"), order=order, count_total=True, facets=("tag",)))
    assert set(list_ids(results)) == {unchanged.id, new.id, fresh.id}
    assert (results.total, reader.count()) == (3, 3)
    assert sorted(value.value for value in results.facets["tag"]) == ["a", "d", "e"]
    assert list_ids(reader.search(ask(words("snow")))) == [new.id]
    assert [value.value for value in reader.complete_tags("", 10)] == ["a", "d", "e"]
    assert index.reader().count() == 3


def test_overlay_changes_are_in_order_in_pages_by_date(index: Index) -> None:
    stories = [story("Rain", hours=hours) for hours in range(1, 8)]
    fresh = [story("Rain", hours=hours + 0.5) for hours in range(8)]
    reader = fill(index, *stories).with_changes([], fresh)
    place, ids = None, list[str]()
    for _ in range(5):
        page = reader.search(ask(words("rain"), limit=3, date_position=place))
        ids += list_ids(page)
        place = page.hits[-1].date_position
    in_order = sorted([*stories, *fresh], key=lambda story: -story.published_at)
    assert ids == [story.id for story in in_order]


def test_similar_stories_share_words_or_a_category_and_exclude_the_story_itself(
    index: Index,
) -> None:
    body = "Wheat harvests fell after a dry winter in the Gharb plain."
    wheat = story("Wheat harvest", body=body, branches=(("farming",),))
    translation = story("Wheat harvest again", body=body, group=wheat.group)
    like = story("Wheat prices", body="Wheat harvests and winter rain.", branches=(("farming",),))
    unlike = story("Football", body="Nil nil.", branches=(("sport",),))
    reader = fill(index, wheat, translation, like, unlike)
    actual = [hit.id for hit in reader.find_similar(wheat, Selection(), 10)]
    assert actual[0] == like.id
    assert not {wheat.id, translation.id} & set(actual)
    narrowed = Selection((Clause("category", ("sport",)),))
    assert like.id not in [hit.id for hit in reader.find_similar(wheat, narrowed, 10)]
    rest = reader.with_changes([like.id], []).find_similar(wheat, Selection(), 10)
    assert like.id not in [hit.id for hit in rest]


def test_tags_in_use_are_completed_from_a_prefix(index: Index) -> None:
    reader = fill(
        index,
        story("1", tags=("Climate", "climbing")),
        story("2", tags=("climate",)),
        gone := story("3", tags=("Clinic",)),
    )
    assert [(value.value, value.count) for value in reader.complete_tags("cli", 9)] == [
        ("climate", 2),
        ("climbing", 1),
        ("clinic", 1),
    ]
    writer = index.writer()
    writer.remove([gone.id])
    writer.save(IndexPosition(serial=2, complete=True))
    writer.close()
    assert [value.value for value in index.reader().complete_tags("clin", 9)] == []


def test_only_granted_stories_are_found_by_words_of_their_form(index: Index) -> None:
    whole = story("Rain", body="Wheat.", source="s1", tags=("climate",))
    short = story("Rain", body="Wheat.", source="s2", tags=("clinic",), hours=1)
    hidden = story("Rain", body="Wheat.", source="s3", tags=("climax",), hours=2)
    of_s1, of_s2 = (Selection((Clause("source", (source,)),)) for source in ("s1", "s2"))
    grants = (IndexGrant(of_s1), IndexGrant(of_s2, "headline"))
    reader = fill(index, whole, hidden).with_changes((), [short])
    for query, ids in (
        (words("rain"), [whole.id, short.id]),
        (words("wheat"), [whole.id]),
        (words("rain", excluded=("wheat",)), [short.id]),
        (None, [whole.id, short.id]),
    ):
        results = reader.search(ask(query, grants=grants, count_total=True, facets=("source",)))
        assert (list_ids(results), results.total) == (ids, len(ids))
        assert sum(value.count for value in results.facets["source"]) == len(ids)
    assert {tag.value for tag in reader.complete_tags("cli", 9, grants)} == {"climate", "clinic"}
    similar = reader.find_similar(whole, Selection(), 9, grants)
    assert [hit.id for hit in similar] == [short.id]
    assert not reader.search(ask(None, grants=())).hits
    assert not reader.find_similar(whole, Selection(), 9, ())
