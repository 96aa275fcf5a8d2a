"""The read side of search: results as of now, as serialized JSON."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from app.access.entitlement import PUBLIC, Entitlement
from app.access.selection import Selection
from app.content.inputs import normalize_language
from app.delivery.invalidation import LogState
from app.delivery.queries import DeliveryQueries
from app.delivery.snapshot import Snapshot, open_snapshot
from app.delivery.store.entries import EntryType
from app.delivery.story_query import Form
from app.delivery.taxonomy_directory import TaxonomyDirectory
from app.kit import json
from app.search.errors import IndexUnavailable, IndexUnusable
from app.search.grants import to_index_grants
from app.search.highlighting.highlighter import MOST_BYTES, Highlighter
from app.search.index import (
    DatePosition,
    FacetField,
    FacetValue,
    Hit,
    Index,
    IndexPosition,
    IndexQuery,
    IndexResult,
    Order,
    Reader,
)
from app.search.overlay import IndexView, Overlay
from app.search.query.parser import ParsedQuery, parse_query
from app.search.related import find_related
from app.search.suggestions import Suggestion, find_suggestions

Result = TypeVar("Result")
Facets = Mapping[FacetField, Sequence[FacetValue]]


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A search request; `text` is None if only filters are given.

    A page by relevance begins at `offset`, a page by date at `date_position`. `entitlement` decides
    which stories are found, and by which words. `form` is the form of the hits; scores and
    highlights are added only to the short form. `names_in` are the languages for category names.
    """

    text: str | None
    selection: Selection = Selection()
    order: Order = "relevance"
    descending: bool = True
    backwards: bool = False
    limit: int = 20
    offset: int = 0
    date_position: DatePosition | None = None
    count_total: bool = False
    facets: tuple[FacetField, ...] = ()
    highlight: bool = False
    form: Form = "short"
    entitlement: Entitlement = PUBLIC
    names_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """Stories in short form, with scores and highlights.

    `is_complete` tells whether all public stories were searched; `is_stable` whether the result
    stays the same until the log or time changes something.
    """

    items: Sequence[bytes]
    head: LogState
    is_complete: bool
    is_stable: bool
    hits: Sequence[Hit] = ()
    more: bool = False
    total: int | None = None
    corrected: str | None = None
    facets: Facets = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """Status of the index: whether it is built, how many serials it is behind, and its size."""

    built: bool
    behind: int
    stories: int


class Search:
    """Finds public stories. Delivery alone decides who may see what."""

    def __init__(self, index: Index, delivery: DeliveryQueries) -> None:
        """Search an index of the stories that delivery serves."""
        self._index = index
        self._delivery = delivery
        self._overlay = Overlay(index)

    def search(self, query: SearchQuery) -> SearchAnswer:
        """Return a page of results; an empty, incomplete one is an error outside the short form."""
        answer = self._read_view(partial(_run_search, query), entitlement=query.entitlement)
        return answer if query.form == "short" else _require_result(answer, answer.items)

    def suggest(
        self, text: str, limit: int, *, entitlement: Entitlement = PUBLIC
    ) -> tuple[list[Suggestion], SearchAnswer]:
        """Return completions of a text."""

        def build(public: Snapshot, view: IndexView) -> tuple[list[Suggestion], SearchAnswer]:
            found = find_suggestions(text, limit, public, view.reader)
            return found, SearchAnswer((), public.log_state, view.is_complete, view.is_stable)

        found, answer = self._read_view(build, entitlement=entitlement)
        return found, _require_result(answer, found)

    def list_related(
        self,
        id_: str,
        selection: Selection,
        limit: int,
        *,
        entitlement: Entitlement = PUBLIC,
        names_in: tuple[str, ...] = (),
    ) -> SearchAnswer:
        """Return related stories, the most similar first."""

        def build(public: Snapshot, view: IndexView) -> SearchAnswer:
            ids = find_related(id_, selection, limit, public, view.reader)
            stories = public.with_names_in(names_in).render_stories(ids)
            items = [stories[id_] for id_ in ids if id_ in stories]
            return SearchAnswer(items, public.log_state, view.is_complete, view.is_stable)

        answer = self._read_view(build, entitlement=entitlement)
        return _require_result(answer, answer.items)

    def position(self) -> IndexPosition:
        """Return the log position of the index."""
        return self._index.reader().position

    def is_complete(self) -> bool:
        """Tell whether an answer given now covers all public stories."""
        return self._read_view(lambda _, view: view.is_complete)

    def status(self) -> IndexStatus:
        """Return the status of the index."""
        head = self._delivery.load_log_state().serial
        try:
            return _build_status(self._index.reader(), head)
        except IndexUnusable:
            return _build_status(self._fallback_reader(), head)

    def write_fault(self) -> str | None:
        """Return why the index cannot be written, or None."""
        return self._index.write_fault()

    def total(self) -> int:
        """Count the public stories."""
        with open_snapshot(self._delivery) as public:
            return public.count_visible()

    def flaws(self) -> Iterator[str]:
        """Yield what is wrong with the index. To be missing or behind is not wrong."""
        if (fault := self._index.write_fault()) is not None:
            yield fault
        try:
            flaw = self._index.find_flaw()
        except IndexUnavailable as wrong:
            flaw = wrong.detail
        if flaw is not None:
            yield flaw
            return
        is_complete, indexed, expected = self._read_view(
            lambda public, view: (view.is_complete, view.reader.count(), public.count_visible())
        )
        if is_complete and indexed != expected:
            yield f"It holds {indexed} stories where {expected} are public."

    def _read_view(
        self, build: Callable[[Snapshot, IndexView], Result], *, entitlement: Entitlement = PUBLIC
    ) -> Result:
        """Build an answer; with an empty index and the log if the index is unusable."""
        try:
            return self._run(self._index.reader(), build, entitlement=entitlement)
        except IndexUnusable:
            return self._run(self._fallback_reader(), build, entitlement=entitlement)

    def _fallback_reader(self) -> Reader:
        """Return an empty reader after a failure; discard the index only if it is broken.

        One query that fails on an intact index must not remove it for all others, and neither must
        a system without space or file handles.
        """
        with suppress(IndexUnavailable):
            if self._index.find_flaw() is not None:
                self._index.discard()
        return self._index.empty_reader()

    def _run(
        self,
        reader: Reader,
        build: Callable[[Snapshot, IndexView], Result],
        *,
        entitlement: Entitlement,
    ) -> Result:
        # The reader is taken first: so it is no newer than the database, and the log has the rest.
        with open_snapshot(self._delivery, entitlement) as public:
            return build(public, self._overlay.view(reader, public))


def _build_status(reader: Reader, head: int) -> IndexStatus:
    position = reader.position
    # An index without a position, while the log has rows, is not built yet.
    built = position.complete and bool(position.serial or not head)
    return IndexStatus(built, max(0, head - position.serial), reader.count())


def _require_result(answer: SearchAnswer, result: Sized) -> SearchAnswer:
    """Return an answer; an empty result of an incomplete search is an error."""
    if not answer.is_complete and not result:
        raise IndexUnavailable("The search index is not complete, and nothing was found in it.")
    return answer


def _run_search(query: SearchQuery, public: Snapshot, view: IndexView) -> SearchAnswer:
    public = public.with_names_in(query.names_in)
    result = view.reader.search(_build_index_query(query, public))
    hits = result.hits[::-1] if query.backwards else result.hits
    return SearchAnswer(
        items=_build_items(query, public, result, hits),
        head=public.log_state,
        is_complete=view.is_complete,
        is_stable=view.is_stable,
        hits=hits,
        more=result.more,
        total=result.total,
        corrected=result.corrected,
        facets=_label_facets(result.facets, public.directory),
    )


def _build_index_query(query: SearchQuery, public: Snapshot) -> IndexQuery:
    return IndexQuery(
        parsed=None if query.text is None else parse_query(query.text),
        now=public.now,
        selection=query.selection,
        order=query.order,
        descending=query.descending is not query.backwards,
        limit=query.limit,
        offset=query.offset,
        date_position=query.date_position,
        count_total=query.count_total,
        facets=query.facets,
        grants=to_index_grants(public.entitlement, public.now),
    )


def _build_items(
    query: SearchQuery, public: Snapshot, result: IndexResult, hits: Sequence[Hit]
) -> list[bytes]:
    ids = [hit.id for hit in hits]
    if query.form != "short":
        forms = public.render_stories(ids, query.form)
        return [forms[id_] for id_ in ids if id_ in forms]
    stories = public.render_stories(ids)
    headlines = public.find_headlines(ids)
    highlights = _highlight_stories(public, result, ids) if query.highlight else {}
    items = []
    for hit in hits:
        item = stories.get(hit.id)
        if item is not None:
            score = None
            # The score of a headline would tell of other stories with its words.
            if hit.score is not None and hit.id not in headlines:
                score = round(hit.score, 4)
            added = json.dumps({"score": score, "highlights": highlights.get(hit.id)})
            items.append(b"%b,%b" % (item[:-1], added[1:]))
    return items


def _highlight_stories(
    public: Snapshot, result: IndexResult, ids: Sequence[str]
) -> dict[str, dict[str, object]]:
    highlighter = Highlighter(result.parsed or ParsedQuery())
    by_id: dict[str, dict[str, object]] = {}
    for story in public.load_excerpts(ids, MOST_BYTES):
        highlights = highlighter.highlight(story.language, story.title, story.body)
        by_id[story.id] = {"title": highlights.title, "body": list(highlights.body)}
    return by_id


def _label_facets(facets: Facets, directory: TaxonomyDirectory) -> Facets:
    """Return facets with slugs and names instead of ids, and normalized language tags."""
    labelled: dict[FacetField, Sequence[FacetValue]] = {}
    for name, values in facets.items():
        match name:
            case "category" | "source":
                labelled[name] = _label_entries(values, directory, name)
            case "language":
                labelled[name] = [_label_language(value) for value in values]
            case _:
                labelled[name] = values
    return labelled


def _label_entries(
    values: Sequence[FacetValue], directory: TaxonomyDirectory, type_: EntryType
) -> list[FacetValue]:
    entries = directory.entries[type_]
    known = ((entries[value.value], value.count) for value in values if value.value in entries)
    labelled = [FacetValue(entry.slug, entry.name, count) for entry, count in known]
    return sorted(labelled, key=lambda value: (-value.count, value.value))


def _label_language(value: FacetValue) -> FacetValue:
    tag = normalize_language(value.value)
    return FacetValue(tag, tag, value.count)
