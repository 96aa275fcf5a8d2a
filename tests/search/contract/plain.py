"""A second engine, small and honest: it looks at every story each time.

It shows that the interface in `app/search/index.py` can be met by something else, and keeps the
contract from asking for what only Tantivy does.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.access.selection import Selection, SelectionFields, fold
from app.kit.clock import format_instant, from_micros
from app.search.analysis.tokenizer import normalize_text
from app.search.errors import IndexUnusable
from app.search.index import (
    MOST_FACET_VALUES,
    MOST_RELEVANT,
    DatePosition,
    FacetField,
    FacetValue,
    Hit,
    IndexedStory,
    IndexPosition,
    IndexQuery,
    IndexResult,
    Writer,
)
from app.search.query.parser import ParsedQuery, QueryPart

Stories = Mapping[str, IndexedStory]
_WORD = re.compile(r"\w+")


@dataclass
class Generation:
    """What was committed."""

    stories: dict[str, IndexedStory] = field(default_factory=dict)
    position: IndexPosition = field(default_factory=IndexPosition)


class PlainReader:
    """A copy of what was committed."""

    def __init__(self, stories: Stories, position: IndexPosition) -> None:
        self._stories = stories
        self._position = position

    @property
    def position(self) -> IndexPosition:
        return self._position

    def with_changes(
        self, without: Sequence[str], stories: Sequence[IndexedStory]
    ) -> "PlainReader":
        kept = {id_: one for id_, one in self._stories.items() if id_ not in set(without)}
        return PlainReader(kept | {one.id: one for one in stories}, self._position)

    def search(self, ask: IndexQuery) -> IndexResult:
        if ask.parsed is not None and not ask.parsed:
            return IndexResult(
                (), more=False, parsed=ask.parsed, total=0 if ask.count_total else None
            )
        chosen = [
            (score, one)
            for one in self._stories.values()
            if _selected(one, ask.selection) and (score := _score(one, ask.parsed)) > 0
        ]
        hits, more = _page(ask, chosen)
        return IndexResult(
            hits,
            more,
            ask.parsed,
            total=len(chosen) if ask.count_total else None,
            facets={name: _values(name, [one for _, one in chosen]) for name in ask.facets},
        )

    def find_similar(self, story: IndexedStory, selection: Selection, limit: int) -> Sequence[Hit]:
        words = _words(story)
        found = [
            (len(words & _words(one)), one.id)
            for one in self._stories.values()
            if one.id != story.id and one.group != story.group and _selected(one, selection)
        ]
        best = sorted((one for one in found if one[0]), reverse=True)[:limit]
        return [Hit(id_, float(score), DatePosition(0, 0)) for score, id_ in best]

    def complete_tags(self, prefix: str, limit: int) -> Sequence[FacetValue]:
        values = _values("tag", list(self._stories.values()))
        return [one for one in values if normalize_text(one.label).startswith(prefix)][:limit]

    def count(self) -> int:
        return len(self._stories)


class PlainWriter:
    """Gathers what is written until it is saved."""

    def __init__(self, generation: Generation, position: IndexPosition) -> None:
        self.generation = generation
        self._position = position
        self._stories = dict(generation.stories)

    @property
    def position(self) -> IndexPosition:
        return self._position

    def put(self, stories: Sequence[IndexedStory]) -> None:
        self._stories |= {one.id: one for one in stories}

    def add(self, stories: Sequence[IndexedStory]) -> None:
        self.put(stories)

    def remove(self, ids: Sequence[str]) -> None:
        for one in ids:
            self._stories.pop(one, None)

    def save(self, position: IndexPosition) -> None:
        self.generation.stories, self.generation.position = dict(self._stories), position
        self._position = position

    def close(self) -> None:
        """Forget what was not saved."""


class PlainIndex:
    """Generations in memory, of which one is read."""

    def __init__(self) -> None:
        self._current: Generation | None = None

    def reader(self) -> PlainReader:
        if self._current is None:
            return self.empty_reader()
        return PlainReader(self._current.stories, self._current.position)

    def empty_reader(self) -> PlainReader:
        return PlainReader({}, IndexPosition(complete=True))

    def find_flaw(self) -> str | None:
        return None

    def write_fault(self) -> str | None:
        return None

    def discard(self) -> None:
        self._current = None

    def writer(self) -> PlainWriter:
        if self._current is None:
            raise IndexUnusable("There is no index yet.")
        return PlainWriter(self._current, self._current.position)

    def new_writer(self) -> PlainWriter:
        return PlainWriter(Generation(), IndexPosition())

    def adopt(self, writer: Writer) -> None:
        assert isinstance(writer, PlainWriter)
        self._current = writer.generation

    def is_current(self, writer: Writer) -> bool:
        assert isinstance(writer, PlainWriter)
        return writer.generation is self._current

    def close(self) -> None:
        """Nothing is held."""


def _selected(one: IndexedStory, selection: Selection) -> bool:
    attributes: SelectionFields = {
        "id": [one.id],
        "category": one.categories,
        "source": [one.source] if one.source else [],
        "language": list(one.languages),
        "tag": [fold(tag) for tag in one.tags],
        "author": [fold(name) for name in one.authors],
        "kind": [one.kind],
        "published_at": format_instant(from_micros(one.published_at)),
        "updated_at": format_instant(from_micros(one.updated_at)),
    }
    return selection.matches(attributes)


def _score(one: IndexedStory, typed: ParsedQuery | None) -> float:
    if typed is None:
        return 1.0
    if typed.reference is not None:
        return float(typed.reference in {one.id, one.url, one.slug})
    if any(_holds(one, part) for part in typed.excluded):
        return 0.0
    fits = all(any(_holds(one, part) for part in group) for group in typed.required)
    return float(fits) * (1 + sum(_holds_in_title(one, group) for group in typed.required))


def _holds(one: IndexedStory, part: QueryPart) -> bool:
    text = one.text.title if part.title else " ".join(_texts(one))
    words = " ".join(_WORD.findall(text.casefold()))
    wanted = " ".join(_WORD.findall(" ".join(part.words).casefold()))
    return f" {wanted}" in f" {words}" if part.is_prefix else f" {wanted} " in f" {words} "


def _holds_in_title(one: IndexedStory, group: Sequence[QueryPart]) -> bool:
    return any(_holds(one, replace(part, title=True)) for part in group)


def _texts(one: IndexedStory) -> list[str]:
    text = one.text
    return [text.title, text.summary, text.body, *text.tags, *text.authors, text.source]


def _words(one: IndexedStory) -> set[str]:
    return set(_WORD.findall(" ".join(_texts(one)).casefold())) | set(one.categories)


def _page(ask: IndexQuery, chosen: list[tuple[float, IndexedStory]]) -> tuple[list[Hit], bool]:
    if ask.order == "relevance":
        best = sorted(chosen, key=lambda one: (one[0], one[1].published_at, one[1].id))[::-1]
        hits = [Hit(one.id, score, DatePosition(0, 0)) for score, one in best[:MOST_RELEVANT]]
        end = ask.offset + ask.limit
        return hits[ask.offset : end], end < len(hits)
    places = [
        Hit(one.id, None, DatePosition(getattr(one, ask.order), _tie(one))) for _, one in chosen
    ]
    places.sort(key=_place, reverse=ask.descending)
    if ask.date_position is not None:
        start = (ask.date_position.at, ask.date_position.tie)
        places = [
            one
            for one in places
            if (_place(one) < start if ask.descending else _place(one) > start)
        ]
    return places[: ask.limit], len(places) > ask.limit


def _tie(one: IndexedStory) -> int:
    return int(one.id.replace("-", "")[-15:], 16)


def _place(hit: Hit) -> tuple[int, int]:
    return hit.date_position.at, hit.date_position.tie


def _values(name: FacetField, stories: list[IndexedStory]) -> list[FacetValue]:
    counts: Counter[str] = Counter()
    labels: dict[str, Counter[str]] = {}
    for one in stories:
        for value, label in _facet(name, one).items():
            counts[value] += 1
            labels.setdefault(value, Counter())[label] += 1
    first = sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:MOST_FACET_VALUES]
    return [FacetValue(value, labels[value].most_common(1)[0][0], n) for value, n in first]


def _facet(name: FacetField, one: IndexedStory) -> dict[str, str]:
    if name == "tag":
        return {fold(tag): tag for tag in one.tags}
    values: dict[str, Sequence[str]] = {
        "category": one.categories,
        "source": [one.source] if one.source else [],
        "language": list(one.languages),
        "kind": [one.kind],
        "published_month": [from_micros(one.published_at).strftime("%Y-%m")],
    }
    return {value: value for value in values[name]}
