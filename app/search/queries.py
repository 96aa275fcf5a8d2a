"""The public side of search: what is found as of now, as finished bytes."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from app.access.selection import Selection
from app.content.inputs import normalize_language
from app.delivery.freshness import LogState
from app.delivery.queries import DeliveryQueries
from app.delivery.snapshot import Snapshot, open_snapshot
from app.delivery.store.entries import EntryType
from app.delivery.story_query import Form
from app.delivery.taxonomy_directory import TaxonomyDirectory
from app.kit import json
from app.search.errors import IndexUnavailable, IndexUnusable
from app.search.highlighting import MOST_BYTES, Highlighter
from app.search.index import (
    Ask,
    FacetField,
    FacetValue,
    Found,
    Hit,
    Index,
    Order,
    Place,
    Position,
    Reader,
)
from app.search.overlay import Overlay, View
from app.search.related import related
from app.search.suggesting import Suggestion, suggestions
from app.search.typed import Typed, understood

Result = TypeVar("Result")
Facets = Mapping[FacetField, Sequence[FacetValue]]


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What a reader searches for; `typed` is nothing where only filters are given.

    By relevance a page begins at `offset`, by date at `place`. With `titles_only` nothing but
    titles is looked at or shown. `embargoed` takes in what is under embargo. `form` is what hits
    come in; in any but the short one nothing is added to them. `names_in` are the languages in
    which categories are named.
    """

    typed: str | None
    selection: Selection = Selection()
    order: Order = "relevance"
    descending: bool = True
    backwards: bool = False
    limit: int = 20
    offset: int = 0
    place: Place | None = None
    counted: bool = False
    facets: tuple[FacetField, ...] = ()
    highlighted: bool = False
    titles_only: bool = False
    form: Form = "short"
    embargoed: bool = False
    names_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Stories in short form, with what was added to them.

    `exact` says that all that is public was looked at; `settled` that the same will be found
    until the log or time changes something.
    """

    items: Sequence[bytes]
    head: LogState
    exact: bool
    settled: bool
    hits: Sequence[Hit] = ()
    more: bool = False
    total: int | None = None
    corrected: str | None = None
    facets: Facets = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the index stands: whether it is whole, how many serials it is behind, what it holds."""

    built: bool
    behind: int
    stories: int


class Search:
    """Finds what is public now. Who may see what is decided by delivery alone."""

    def __init__(self, index: Index, delivery: DeliveryQueries) -> None:
        """Search an index of what delivery serves."""
        self._index = index
        self._delivery = delivery
        self._overlay = Overlay(index)

    def search(self, query: SearchQuery) -> Answer:
        """Return a page of what was found; in forms that cannot say so, never a part of nothing."""
        answer = self._answered(partial(_searched, query), embargoed=query.embargoed)
        return answer if query.form == "short" else _not_lost(answer, answer.items)

    def suggest(
        self, text: str, limit: int, *, embargoed: bool = False
    ) -> tuple[list[Suggestion], Answer]:
        """Return what a text may be completed to."""

        def suggested(public: Snapshot, view: View) -> tuple[list[Suggestion], Answer]:
            made = suggestions(text, limit, public, view.reader)
            return made, Answer((), public.log_state, view.exact, view.settled)

        made, answer = self._answered(suggested, embargoed=embargoed)
        return made, _not_lost(answer, made)

    def related(
        self,
        id_: str,
        selection: Selection,
        limit: int,
        *,
        embargoed: bool = False,
        names_in: tuple[str, ...] = (),
    ) -> Answer:
        """Return stories like a story, the most like first."""

        def found(public: Snapshot, view: View) -> Answer:
            ids = related(id_, selection, limit, public, view.reader)
            shown = public.with_names_in(names_in).render_stories(ids)
            items = [shown[one] for one in ids if one in shown]
            return Answer(items, public.log_state, view.exact, view.settled)

        answer = self._answered(found, embargoed=embargoed)
        return _not_lost(answer, answer.items)

    def position(self) -> Position:
        """Return how far the index is."""
        return self._index.reader().position

    def is_exact(self) -> bool:
        """Tell whether an answer made now looks at all that is public."""
        return self._answered(lambda _, view: view.exact)

    def standing(self) -> Standing:
        """Return how the index stands to what is public."""
        head = self._delivery.load_log_state().serial
        try:
            return _standing(self._index.reader(), head)
        except IndexUnusable:
            return _standing(self._instead(), head)

    def write_fault(self) -> str | None:
        """Return why the index cannot be written, if that is so."""
        return self._index.write_fault()

    def total(self) -> int:
        """Count the stories that are public."""
        with open_snapshot(self._delivery) as public:
            return public.count_visible()

    def flaws(self) -> Iterator[str]:
        """Yield what is wrong with the index. To be missing or behind is not."""
        if (fault := self._index.write_fault()) is not None:
            yield fault
        try:
            flaw = self._index.flaw()
        except IndexUnavailable as wrong:
            flaw = wrong.detail
        if flaw is not None:
            yield flaw
            return
        exact, found, wanted = self._answered(
            lambda public, view: (view.exact, view.reader.count(), public.count_visible())
        )
        if exact and found != wanted:
            yield f"It holds {found} stories where {wanted} are public."

    def _answered(
        self, made: Callable[[Snapshot, View], Result], *, embargoed: bool = False
    ) -> Result:
        """Make an answer; where the index is of no use for it, with what the log tells."""
        try:
            return self._made(self._index.reader(), made, embargoed=embargoed)
        except IndexUnusable:
            return self._made(self._instead(), made, embargoed=embargoed)

    def _instead(self) -> Reader:
        """Return what is read where the index failed; it is discarded if it is not whole.

        What one question makes of an index that is whole must not take it away from all others,
        and neither must a system that has no room or no more open files.
        """
        with suppress(IndexUnavailable):
            if self._index.flaw() is not None:
                self._index.discard()
        return self._index.empty()

    def _made(
        self, reader: Reader, made: Callable[[Snapshot, View], Result], *, embargoed: bool
    ) -> Result:
        # The reader comes first: so it is no newer than the database, and the log tells the rest.
        with open_snapshot(self._delivery, embargoed=embargoed) as public:
            return made(public, self._overlay.view(reader, public))


def _standing(reader: Reader, head: int) -> Standing:
    position = reader.position
    # One that has nothing of a log that has something is not there yet.
    built = position.complete and bool(position.serial or not head)
    return Standing(built, max(0, head - position.serial), reader.count())


def _not_lost(answer: Answer, found: Sized) -> Answer:
    """Return an answer; nothing found in a part of all stories is no answer."""
    if not answer.exact and not found:
        raise IndexUnavailable("The search index is not complete, and nothing was found in it.")
    return answer


def _searched(query: SearchQuery, public: Snapshot, view: View) -> Answer:
    public = public.with_names_in(query.names_in)
    found = view.reader.search(_ask(query, public))
    hits = found.hits[::-1] if query.backwards else found.hits
    return Answer(
        items=_items(query, public, found, hits),
        head=public.log_state,
        exact=view.exact,
        settled=view.settled,
        hits=hits,
        more=found.more,
        total=found.total,
        # A word that stands in bodies alone is not told to who may not see them.
        corrected=found.corrected if found.hits or not query.titles_only else None,
        facets=_labelled(found.facets, public.directory),
    )


def _ask(query: SearchQuery, public: Snapshot) -> Ask:
    typed = None if query.typed is None else understood(query.typed)
    if typed is not None and query.titles_only:
        typed = _in_titles(typed)
    return Ask(
        typed=typed,
        now=public.now,
        selection=query.selection,
        order=query.order,
        descending=query.descending is not query.backwards,
        limit=query.limit,
        offset=query.offset,
        place=query.place,
        counted=query.counted,
        facets=query.facets,
    )


def _in_titles(typed: Typed) -> Typed:
    """Return a query that looks at titles alone."""
    wanted = tuple(tuple(replace(part, title=True) for part in group) for group in typed.wanted)
    unwanted = tuple(replace(part, title=True) for part in typed.unwanted)
    return replace(typed, wanted=wanted, unwanted=unwanted)


def _items(query: SearchQuery, public: Snapshot, found: Found, hits: Sequence[Hit]) -> list[bytes]:
    ids = [hit.id for hit in hits]
    if query.form != "short":
        forms = public.render_stories(ids, query.form)
        return [forms[id_] for id_ in ids if id_ in forms]
    shown = public.render_stories(ids)
    marked = _highlights(query, public, found, ids) if query.highlighted else {}
    items = []
    for hit in hits:
        item = shown.get(hit.id)
        if item is not None:
            score = None if hit.score is None else round(hit.score, 4)
            added = json.dumps({"score": score, "highlights": marked.get(hit.id)})
            items.append(b"%b,%b" % (item[:-1], added[1:]))
    return items


def _highlights(
    query: SearchQuery, public: Snapshot, found: Found, ids: Sequence[str]
) -> dict[str, dict[str, object]]:
    highlighter = Highlighter(found.typed or Typed())
    marked: dict[str, dict[str, object]] = {}
    for story in public.load_excerpts(ids, MOST_BYTES):
        body = "" if query.titles_only else story.body
        made = highlighter.highlights(story.language, story.title, body)
        marked[story.id] = {"title": made.title, "body": list(made.body)}
    return marked


def _labelled(found: Facets, directory: TaxonomyDirectory) -> Facets:
    """Return facets with slugs and names in the place of ids, and language tags as written."""
    labelled: dict[FacetField, Sequence[FacetValue]] = {}
    for name, values in found.items():
        match name:
            case "category" | "source":
                labelled[name] = _named(values, directory, name)
            case "language":
                labelled[name] = [_language(one) for one in values]
            case _:
                labelled[name] = values
    return labelled


def _named(
    values: Sequence[FacetValue], directory: TaxonomyDirectory, type_: EntryType
) -> list[FacetValue]:
    entries = directory.entries[type_]
    known = ((entries[one.value], one.count) for one in values if one.value in entries)
    found = [FacetValue(entry.slug, entry.name, count) for entry, count in known]
    return sorted(found, key=lambda one: (-one.count, one.value))


def _language(one: FacetValue) -> FacetValue:
    tag = normalize_language(one.value)
    return FacetValue(tag, tag, one.count)
