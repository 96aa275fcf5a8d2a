"""Reading: one committed state, perhaps with a few stories taken out and others put in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tantivy import DocAddress, Index, Occur, Query, Searcher

from app.access.selection import Clause, Selection
from app.search.engine import date_order, facets, newest_months, ranking
from app.search.engine.engine_errors import telling_faults
from app.search.engine.filters import narrowed, referred, stories_by_id
from app.search.engine.schema import SCHEMA, document, every_story, prepare, spelt
from app.search.engine.side_thread import meanwhile
from app.search.engine.similarity import ENOUGH, by_words, like
from app.search.engine.vocabularies import Vocabularies, truthful_match
from app.search.index import (
    NOWHERE,
    Ask,
    FacetField,
    FacetValue,
    Found,
    Hit,
    IndexedStory,
    Position,
)
from app.search.query.compiler import Match, loosened
from app.search.query.parser import Typed
from app.search.text_fields import TEXT

_SCRATCH_BYTES = 15_000_000
# To count so many stories takes longer than the way to another thread and back.
MANY = 20_000


class TantivyReader:
    """A state of the index; `beside` holds the stories that were put in since."""

    def __init__(
        self,
        searcher: Searcher,
        position: Position,
        without: Query | None = None,
        beside: Searcher | None = None,
        words: Vocabularies | None = None,
    ) -> None:
        """Read a searcher, leaving out what `without` finds in it; `words` are known already."""
        self._searcher = searcher
        self._position = position
        self._without = without
        self._beside = beside
        self._words = words or Vocabularies([one for one in (searcher, beside) if one is not None])

    @property
    def position(self) -> Position:
        """Return how far this state has come."""
        return self._position

    def with_changes(
        self, without: Sequence[str], stories: Sequence[IndexedStory]
    ) -> "TantivyReader":
        """Return a state in which stories are taken out, and others put in (or in again)."""
        taken = [*without, *(one.id for one in stories)]
        query = stories_by_id(taken) if taken else None
        beside = _scratch(stories) if stories else None
        words = self._words if beside is None and self._beside is None else None
        return TantivyReader(self._searcher, self._position, query, beside, words)

    @telling_faults()
    def search(self, ask: Ask) -> Found:
        """Find stories."""
        if ask.typed is not None and not ask.typed:
            return Found((), more=False, typed=ask.typed, total=0 if ask.counted else None)
        matched = self._verbatim_or_loosened(ask)
        # What is counted or has an order of its own needs no scores.
        finding = _Asked.of(ask, matched.finds if matched else None, self._without)
        counted = self._begun_facets(ask, finding)
        if ask.order == "relevance":
            asked = _Asked.of(ask, matched.query if matched else None, self._without)
            found = self._by_relevance(ask, asked, finding, matched.frequent if matched else 0)
        else:
            found = self._by_date(ask, finding)
        return replace(
            found,
            typed=matched.typed if matched else None,
            corrected=matched.corrected if matched else None,
            facets=counted(),
        )

    @telling_faults()
    def similar(self, story: IndexedStory, selection: Selection, limit: int) -> Sequence[Hit]:
        """Find stories that are like one, the most like first, never itself or its group."""
        words = self._own_words(story)
        enough = ENOUGH * self._own_score(story, words)
        likes = [like(story, one, enough) for one in words]
        asked = _Asked.each(likes, selection, self._without)
        found = [
            (score, searcher, address)
            for searcher, query in self._sides(asked)
            for score, address in searcher.search(query, limit, count=False).hits
            if score >= enough
        ]
        found.sort(key=lambda one: -one[0])
        return [
            Hit(_id(searcher, address), score, NOWHERE)
            for score, searcher, address in found[:limit]
        ]

    def _own_words(self, story: IndexedStory) -> list[Query]:
        """Return the queries for the telling words of a story, in the index and beside it."""
        vocabulary = self._words.of(())
        here = by_words(story, vocabulary, self._searcher)
        beside = by_words(story, vocabulary, self._beside) if self._beside else here
        return [here, beside]

    def _own_score(self, story: IndexedStory, words: Sequence[Query]) -> float:
        """Return what a story scores that is looked for by its own words."""
        itself = Selection((Clause("id", (story.id,)),))
        asked = _Asked.each(words, itself, self._without)
        hits = [one.search(query, 1, count=False).hits for one, query in self._sides(asked)]
        return max((float(score) for found in hits for score, _ in found), default=0.0)

    @telling_faults()
    def tags(self, prefix: str, limit: int) -> Sequence[FacetValue]:
        """Return the tags in use that begin with an evened text, the most used first."""
        counted: dict[str, int] = {}
        for searcher, without in ((self._searcher, self._without), (self._beside, None)):
            if searcher is not None:
                for term, _ in searcher.terms_with_prefix("begun_tag", prefix, limit=4 * limit):
                    counted[term] = counted.get(term, 0) + _alive(searcher, term, without)
        known = {spelt(term): count for term, count in counted.items() if count}
        return facets.values(known, limit)

    @telling_faults()
    def count(self) -> int:
        """Count the stories."""
        asked = _Asked.around(every_story(), Selection(), self._without)
        return self._total(asked)

    def _verbatim_or_loosened(self, ask: Ask) -> Match | None:
        """Return what finds what was typed; without its quotations if nothing has them verbatim."""
        matched = self._matched(ask)
        loose = loosened(ask.typed) if matched is not None and ask.typed is not None else None
        if loose is None or matched is None or self._any(ask, matched):
            return matched
        nearest = self._matched(replace(ask, typed=loose))
        return nearest and replace(nearest, corrected=nearest.typed.text)

    def _any(self, ask: Ask, matched: Match) -> bool:
        """Tell whether an answer to this query would have a story."""
        sides = self._sides(_Asked.of(ask, matched.finds, self._without))
        return any(one.search(query, 1, count=False).hits for one, query in sides)

    def _matched(self, ask: Ask) -> Match | None:
        if ask.typed is None:
            return None
        if ask.typed.reference is not None:
            query = referred(ask.typed.reference)
            if not ask.typed.wanted or self._finds(query):
                return Match(query, query, ask.typed)
        languages = [
            value
            for clause in ask.selection.clauses
            if clause.field == "language"
            for value in clause.included
        ]
        return truthful_match(ask.typed, languages, self._words, self._has)

    def _has(self, word: str) -> bool:
        return self._finds(Query.term_query(SCHEMA, TEXT, word))

    def _finds(self, query: Query) -> bool:
        asked = _Asked.around(query, Selection(), self._without)
        return any(facets.total(one, query) for one, query in self._sides(asked))

    def _by_relevance(self, ask: Ask, asked: "_Asked", finding: "_Asked", frequent: float) -> Found:
        best = None
        if frequent >= newest_months.FREQUENT:
            best = self._newest(ask, asked, finding, frequent)
        best = best or ranking.best(self._sides(asked), ask)
        page, more = ranking.page(best.stories, ask)
        searchers = [one for one, _ in self._sides(asked)]
        hits = [Hit(_id(searchers[side], address), score, NOWHERE) for score, side, address in page]
        return Found(hits, more, ask.typed, total=best.total)

    def _newest(
        self, ask: Ask, asked: "_Asked", finding: "_Asked", frequent: float
    ) -> ranking.Best | None:
        """Return the most relevant of the newest stories, if enough of them fit."""
        narrow = replace(
            asked, main=newest_months.among_newest(self._searcher, asked.main, frequent)
        )
        best = ranking.best(self._sides(narrow), replace(ask, counted=True))
        if best.total is None or best.total < newest_months.ENOUGH:
            return None
        return best._replace(total=self._total(finding) if ask.counted else None)

    def _total(self, asked: "_Asked") -> int:
        return sum(facets.total(one, query) for one, query in self._sides(asked))

    def _by_date(self, ask: Ask, asked: "_Asked") -> Found:
        found = [
            (place, _id(searcher, address))
            for searcher, query in self._sides(asked)
            for place, address in date_order.dated(searcher, query, ask, ask.limit + 1)
        ]
        found.sort(key=lambda one: (one[0].at, one[0].tie), reverse=ask.descending)
        hits = [Hit(id_, None, place) for place, id_ in found[: ask.limit]]
        total = self._total(asked) if ask.counted else None
        return Found(hits, len(found) > ask.limit, ask.typed, total=total)

    def _begun_facets(
        self, ask: Ask, asked: "_Asked"
    ) -> Callable[[], dict[FacetField, Sequence[FacetValue]]]:
        """Begin to count, if there is enough to count, and return what gives the result."""
        count = partial(self._facets, ask, asked)
        worth = bool(ask.facets) and self._searcher.num_docs >= MANY
        return meanwhile(count) if worth else count

    def _facets(self, ask: Ask, asked: "_Asked") -> dict[FacetField, Sequence[FacetValue]]:
        if not ask.facets:
            return {}
        counted = [facets.counts(one, query, ask.facets) for one, query in self._sides(asked)]
        total = counted[0] if len(counted) == 1 else facets.added(counted[0], counted[1])
        return {name: facets.values(total[name]) for name in ask.facets}

    def _sides(self, asked: "_Asked") -> list[tuple[Searcher, Query]]:
        sides = [(self._searcher, asked.main)]
        if self._beside is not None:
            sides.append((self._beside, asked.beside))
        return sides


@dataclass(frozen=True, slots=True)
class _Asked:
    """One query, as it is put to the index and to what stands beside it."""

    main: Query
    beside: Query

    @classmethod
    def of(cls, ask: Ask, query: Query | None, without: Query | None) -> "_Asked":
        if query is not None and _finds_all(ask.typed):
            query = Query.boolean_query([(Occur.Must, query), (Occur.Must, every_story())])
        return cls.around(query, ask.selection, without)

    @classmethod
    def around(cls, query: Query | None, selection: Selection, without: Query | None) -> "_Asked":
        return cls.each((query, query), selection, without)

    @classmethod
    def each(
        cls, queries: Sequence[Query | None], selection: Selection, without: Query | None
    ) -> "_Asked":
        main, beside = queries
        return cls(narrowed(main, selection, without), narrowed(beside, selection, None))


def _finds_all(typed: Typed | None) -> bool:
    """Tell whether a query names only what is not wanted, and so finds the position too."""
    return typed is not None and not typed.wanted and typed.reference is None


def _alive(searcher: Searcher, term: str, without: Query | None) -> int:
    """Count the stories that have a tag and were not taken out; the dictionary forgets late."""
    query = Query.term_query(SCHEMA, "begun_tag", term, "basic")
    return facets.total(searcher, narrowed(query, Selection(), without))


def _scratch(stories: Sequence[IndexedStory]) -> Searcher:
    """Return a small index in memory that holds some stories."""
    index = prepare(Index(SCHEMA))
    writer = index.writer(_SCRATCH_BYTES, 1)
    for story in stories:
        writer.add_document(document(story))
    writer.commit()
    index.reload()
    return index.searcher()


def _id(searcher: Searcher, address: DocAddress) -> str:
    found: str = searcher.doc(address)["id"][0]
    return found
