"""A second, simple engine that scans all stories for each search.

It shows that the interface in `app/search/index.py` has more than one implementation, and that the
contract requires nothing specific to Tantivy.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from app.access.selection import Selection, SelectionFields, fold
from app.kit.clock import format_instant, from_micros
from app.search.analysis.tokenizer import normalize_text
from app.search.errors import IndexUnusable
from app.search.index import (
    ALL_STORIES,
    MOST_FACET_VALUES,
    MOST_RELEVANT,
    DatePosition,
    FacetField,
    FacetValue,
    Grants,
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
    """A committed state."""

    stories: dict[str, IndexedStory] = field(default_factory=dict)
    position: IndexPosition = field(default_factory=IndexPosition)


class ReferenceReader:
    """A copy of a committed state."""

    def __init__(self, stories: Stories, position: IndexPosition) -> None:
        self._stories = stories
        self._position = position

    @property
    def position(self) -> IndexPosition:
        return self._position

    def with_changes(
        self, without: Sequence[str], stories: Sequence[IndexedStory]
    ) -> "ReferenceReader":
        remaining = {id_: story for id_, story in self._stories.items() if id_ not in set(without)}
        return ReferenceReader(remaining | {story.id: story for story in stories}, self._position)

    def search(self, ask: IndexQuery) -> IndexResult:
        if not ask.grants or (ask.parsed is not None and not ask.parsed):
            return IndexResult(
                (),
                more=False,
                parsed=ask.parsed,
                total=0 if ask.count_total else None,
                facets=dict.fromkeys(ask.facets, ()),
            )
        chosen = [
            (score, story)
            for story in self._select_granted(ask.grants)
            if _is_selected(story, ask.selection) and (score := _score(story, ask.parsed)) > 0
        ]
        chosen = [(score, self._stories[story.id]) for score, story in chosen]
        hits, more = _page(ask, chosen)
        return IndexResult(
            hits,
            more,
            ask.parsed,
            total=len(chosen) if ask.count_total else None,
            facets={name: _values(name, [story for _, story in chosen]) for name in ask.facets},
        )

    def find_similar(
        self,
        story: IndexedStory,
        selection: Selection,
        limit: int,
        grants: Grants = ALL_STORIES,
    ) -> Sequence[Hit]:
        has_bodies = all(grant.form == "full" for grant in grants)
        words = _words(story if has_bodies else _to_headline(story, keeps_names=True))
        others = [
            self._stories[other.id] if has_bodies else _to_headline(other, keeps_names=True)
            for other in self._select_granted(grants)
        ]
        similar = [
            (len(words & _words(other)), other.id)
            for other in others
            if other.id != story.id
            and other.group != story.group
            and _is_selected(other, selection)
        ]
        best = sorted((hit for hit in similar if hit[0]), reverse=True)[:limit]
        return [Hit(id_, float(score), DatePosition(0, 0)) for score, id_ in best]

    def complete_tags(
        self, prefix: str, limit: int, grants: Grants = ALL_STORIES
    ) -> Sequence[FacetValue]:
        values = _values("tag", list(self._select_granted(grants)))
        return [value for value in values if normalize_text(value.label).startswith(prefix)][:limit]

    def count(self) -> int:
        return len(self._stories)

    def _select_granted(self, grants: Grants) -> Iterator[IndexedStory]:
        """Yield the stories of grants, each in its granted form."""
        for story in self._stories.values():
            forms = {grant.form for grant in grants if _is_selected(story, grant.selection)}
            if forms:
                yield story if "full" in forms else _to_headline(story)


class ReferenceWriter:
    """Collects changes until they are committed."""

    def __init__(self, generation: Generation, position: IndexPosition) -> None:
        self.generation = generation
        self._position = position
        self._stories = dict(generation.stories)

    @property
    def position(self) -> IndexPosition:
        return self._position

    def put(self, stories: Sequence[IndexedStory]) -> None:
        self._stories |= {story.id: story for story in stories}

    def add(self, stories: Sequence[IndexedStory]) -> None:
        self.put(stories)

    def remove(self, ids: Sequence[str]) -> None:
        for id_ in ids:
            self._stories.pop(id_, None)

    def save(self, position: IndexPosition) -> None:
        self.generation.stories, self.generation.position = dict(self._stories), position
        self._position = position

    def close(self) -> None:
        """Drop uncommitted changes."""


class ReferenceIndex:
    """Generations in memory, one of which is current."""

    def __init__(self) -> None:
        self._current: Generation | None = None

    def reader(self) -> ReferenceReader:
        if self._current is None:
            return self.empty_reader()
        return ReferenceReader(self._current.stories, self._current.position)

    def empty_reader(self) -> ReferenceReader:
        return ReferenceReader({}, IndexPosition(complete=True))

    def find_flaw(self) -> str | None:
        return None

    def write_fault(self) -> str | None:
        return None

    def discard(self) -> None:
        self._current = None

    def writer(self) -> ReferenceWriter:
        if self._current is None:
            raise IndexUnusable("There is no index yet.")
        return ReferenceWriter(self._current, self._current.position)

    def new_writer(self) -> ReferenceWriter:
        return ReferenceWriter(Generation(), IndexPosition())

    def adopt(self, writer: Writer) -> None:
        assert isinstance(writer, ReferenceWriter)
        self._current = writer.generation

    def is_current(self, writer: Writer) -> bool:
        assert isinstance(writer, ReferenceWriter)
        return writer.generation is self._current

    def close(self) -> None:
        """Do nothing: there are no files."""


def _is_selected(story: IndexedStory, selection: Selection) -> bool:
    attributes: SelectionFields = {
        "id": [story.id],
        "category": story.categories,
        "source": [story.source] if story.source else [],
        "language": list(story.languages),
        "tag": [fold(tag) for tag in story.tags],
        "author": [fold(name) for name in story.authors],
        "kind": [story.kind],
        "label": list(story.labels),
        "published_at": format_instant(from_micros(story.published_at)),
        "updated_at": format_instant(from_micros(story.updated_at)),
    }
    return selection.matches(attributes)


def _to_headline(story: IndexedStory, *, keeps_names: bool = False) -> IndexedStory:
    """Return a story without the text that the headline form lacks."""
    text = replace(story.text, body="")
    if not keeps_names:
        text = replace(text, tags=(), authors=(), source="")
    return replace(story, text=text)


def _score(story: IndexedStory, typed: ParsedQuery | None) -> float:
    if typed is None:
        return 1.0
    if typed.reference is not None:
        return float(typed.reference in {story.id, story.url, story.slug})
    if any(_has_part(story, part) for part in typed.excluded):
        return 0.0
    fits = all(any(_has_part(story, part) for part in group) for group in typed.required)
    return float(fits) * (1 + sum(_has_in_title(story, group) for group in typed.required))


def _has_part(story: IndexedStory, part: QueryPart) -> bool:
    text = story.text.title if part.title else " ".join(_texts(story))
    words = " ".join(_WORD.findall(text.casefold()))
    phrase = " ".join(_WORD.findall(" ".join(part.words).casefold()))
    return f" {phrase}" in f" {words}" if part.is_prefix else f" {phrase} " in f" {words} "


def _has_in_title(story: IndexedStory, group: Sequence[QueryPart]) -> bool:
    return any(_has_part(story, replace(part, title=True)) for part in group)


def _texts(story: IndexedStory) -> list[str]:
    text = story.text
    return [text.title, text.summary, text.body, *text.tags, *text.authors, text.source]


def _words(story: IndexedStory) -> set[str]:
    return set(_WORD.findall(" ".join(_texts(story)).casefold())) | set(story.categories)


def _page(ask: IndexQuery, chosen: list[tuple[float, IndexedStory]]) -> tuple[list[Hit], bool]:
    if ask.order == "relevance":
        best = sorted(chosen, key=lambda hit: (hit[0], hit[1].published_at, hit[1].id))[::-1]
        hits = [Hit(story.id, score, DatePosition(0, 0)) for score, story in best[:MOST_RELEVANT]]
        end = ask.offset + ask.limit
        return hits[ask.offset : end], end < len(hits)
    places = [
        Hit(story.id, None, DatePosition(getattr(story, ask.order), _tie(story)))
        for _, story in chosen
    ]
    places.sort(key=_place, reverse=ask.descending)
    if ask.date_position is not None:
        start = (ask.date_position.at, ask.date_position.tie)
        places = [
            place
            for place in places
            if (_place(place) < start if ask.descending else _place(place) > start)
        ]
    return places[: ask.limit], len(places) > ask.limit


def _tie(story: IndexedStory) -> int:
    return int(story.id.replace("-", "")[-15:], 16)


def _place(hit: Hit) -> tuple[int, int]:
    return hit.date_position.at, hit.date_position.tie


def _values(name: FacetField, stories: list[IndexedStory]) -> list[FacetValue]:
    counts: Counter[str] = Counter()
    labels: dict[str, Counter[str]] = {}
    for story in stories:
        for value, label in _facet(name, story).items():
            counts[value] += 1
            labels.setdefault(value, Counter())[label] += 1
    first = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_FACET_VALUES]
    return [FacetValue(value, labels[value].most_common(1)[0][0], n) for value, n in first]


def _facet(name: FacetField, story: IndexedStory) -> dict[str, str]:
    if name == "tag":
        return {fold(tag): tag for tag in story.tags}
    values: dict[str, Sequence[str]] = {
        "category": story.categories,
        "source": [story.source] if story.source else [],
        "language": list(story.languages),
        "kind": [story.kind],
        "published_month": [from_micros(story.published_at).strftime("%Y-%m")],
    }
    return {value: value for value in values[name]}
