"""Read one committed state of the index, with a few stories removed and others added."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tantivy import DocAddress, Index, Occur, Query, Searcher

from app.access.selection import Clause, Selection
from app.search.engine import date_order, facets, newest_months, ranking
from app.search.engine.engine_errors import translate_errors
from app.search.engine.filters import apply_filters, ids_query
from app.search.engine.grants import FormQueries, apply_grants
from app.search.engine.request_compiler import CompiledRequest, RequestCompiler
from app.search.engine.schema import (
    SCHEMA,
    all_stories,
    build_document,
    prepare_index,
    to_facet_key,
)
from app.search.engine.side_thread import start_on_side_thread
from app.search.engine.similarity import (
    FULL_FIELDS,
    MIN_SCORE_SHARE,
    SHORT_FIELDS,
    similarity_query,
    words_query,
)
from app.search.engine.vocabularies import VocabularyCache
from app.search.index import (
    ALL_STORIES,
    NO_DATE_POSITION,
    FacetField,
    FacetValue,
    Grants,
    Hit,
    IndexedStory,
    IndexPosition,
    IndexQuery,
    IndexResult,
)
from app.search.query.parser import ParsedQuery

_SCRATCH_BYTES = 15_000_000
# Counting so many stories takes longer than a round trip to another thread.
MANY_STORIES = 20_000
# So many tags are counted for each one that is wanted; more for readers who may not find the most
# used ones.
_TAGS_FOR_EACH, _TAGS_FOR_EACH_IF_LIMITED = 4, 20


class TantivyReader:
    """A state of the index; `scratch` is a small index with the stories that were added."""

    def __init__(
        self,
        searcher: Searcher,
        position: IndexPosition,
        removed: Query | None = None,
        scratch: Searcher | None = None,
        vocabularies: VocabularyCache | None = None,
    ) -> None:
        """Read a searcher without the stories of `removed`; `vocabularies` are reused if given."""
        self._searcher = searcher
        self._position = position
        self._removed = removed
        self._scratch = scratch
        self._vocabularies = vocabularies or VocabularyCache(
            [side for side in (searcher, scratch) if side is not None]
        )

    @property
    def position(self) -> IndexPosition:
        """Return the log position of this state."""
        return self._position

    def with_changes(
        self, removed: Sequence[str], stories: Sequence[IndexedStory]
    ) -> "TantivyReader":
        """Return a state in which some stories are removed and others added or replaced."""
        replaced = [*removed, *(story.id for story in stories)]
        query = ids_query(replaced) if replaced else None
        scratch = _build_scratch(stories) if stories else None
        vocabularies = self._vocabularies if scratch is None and self._scratch is None else None
        return TantivyReader(self._searcher, self._position, query, scratch, vocabularies)

    @translate_errors()
    def search(self, request: IndexQuery) -> IndexResult:
        """Find stories."""
        if not request.grants or (request.parsed is not None and not request.parsed):
            return IndexResult(
                (),
                more=False,
                parsed=request.parsed,
                total=0 if request.count_total else None,
                facets=dict.fromkeys(request.facets, ()),
            )
        compiler = self._create_compiler(request)
        compiled = compiler.compile()
        result = self._search_compiled(request, compiled)
        if result.hits or (loosened := compiler.loosen(compiled)) is None:
            return result
        return self._search_compiled(request, loosened)

    def _create_compiler(self, request: IndexQuery) -> RequestCompiler:
        def finds(queries: FormQueries, selection: Selection) -> bool:
            narrowed = replace(request, selection=selection)
            sides = self._sides(_SideQueries.for_request(narrowed, queries, self._removed))
            return any(searcher.search(query, 1, count=False).hits for searcher, query in sides)

        return RequestCompiler(request, self._vocabularies, finds)

    def _search_compiled(self, request: IndexQuery, compiled: CompiledRequest) -> IndexResult:
        # Counts and date orders need no scores.
        unscored = _SideQueries.for_request(request, compiled.unscored, self._removed)
        count_facets = self._start_facets(request, unscored)
        if request.order == "relevance":
            queries = _SideQueries.for_request(request, compiled.query, self._removed)
            result = self._search_by_relevance(
                request, queries, unscored, compiled.rarest_frequency
            )
        else:
            result = self._search_by_date(request, unscored)
        return replace(
            result,
            parsed=compiled.parsed,
            corrected=compiled.corrected,
            facets=count_facets(),
        )

    @translate_errors()
    def find_similar(
        self,
        story: IndexedStory,
        selection: Selection,
        limit: int,
        grants: Grants = ALL_STORIES,
    ) -> Sequence[Hit]:
        """Find similar stories, the most similar first, without the story itself and its group.

        If any grant has the form `headline`, no bodies are compared.
        """
        if not grants:
            return []
        has_bodies = all(grant.form == "full" for grant in grants)
        word_queries = self._build_own_queries(story, FULL_FIELDS if has_bodies else SHORT_FIELDS)
        enough = MIN_SCORE_SHARE * self._compute_own_score(story, word_queries)
        both = (similarity_query(story, query, enough) for query in word_queries)
        similar = [apply_grants(FormQueries(query, query), grants) for query in both]
        queries = _SideQueries.for_sides(similar, selection, self._removed)
        hits = [
            (score, searcher, address)
            for searcher, query in self._sides(queries)
            for score, address in searcher.search(query, limit, count=False).hits
            if score >= enough
        ]
        hits.sort(key=lambda hit: -hit[0])
        return [
            Hit(_story_id(searcher, address), score, NO_DATE_POSITION)
            for score, searcher, address in hits[:limit]
        ]

    def _build_own_queries(self, story: IndexedStory, fields: Collection[str]) -> list[Query]:
        """Return queries for the significant words of a story, in the index and in the overlay."""
        vocabulary = self._vocabularies.for_languages(())
        main = words_query(story, fields, vocabulary, self._searcher)
        scratch = words_query(story, fields, vocabulary, self._scratch) if self._scratch else main
        return [main, scratch]

    def _compute_own_score(self, story: IndexedStory, word_queries: Sequence[Query]) -> float:
        """Return the score of a story for a query with its own words."""
        itself = Selection((Clause("id", (story.id,)),))
        queries = _SideQueries.for_sides(word_queries, itself, self._removed)
        hits = [
            searcher.search(query, 1, count=False).hits for searcher, query in self._sides(queries)
        ]
        return max((float(score) for found in hits for score, _ in found), default=0.0)

    @translate_errors()
    def complete_tags(
        self, prefix: str, limit: int, grants: Grants = ALL_STORIES
    ) -> Sequence[FacetValue]:
        """Return the tags with a normalized prefix of granted stories, the most used first."""
        if not grants:
            return []
        most = limit * (_TAGS_FOR_EACH if grants == ALL_STORIES else _TAGS_FOR_EACH_IF_LIMITED)
        counts: dict[str, int] = {}
        for searcher, removed in ((self._searcher, self._removed), (self._scratch, None)):
            if searcher is not None:
                for term, _ in searcher.terms_with_prefix("begun_tag", prefix, limit=most):
                    query = apply_filters(_tag_query(term, grants), Selection(), removed)
                    counts[term] = counts.get(term, 0) + facets.count_stories(searcher, query)
        keys = {to_facet_key(term): count for term, count in counts.items() if count}
        return facets.build_facet_values(keys, limit)

    @translate_errors()
    def count(self) -> int:
        """Count the stories."""
        queries = _SideQueries.for_both(all_stories(), Selection(), self._removed)
        return self._count_total(queries)

    def _search_by_relevance(
        self,
        request: IndexQuery,
        queries: "_SideQueries",
        unscored: "_SideQueries",
        frequent: float,
    ) -> IndexResult:
        best = None
        if frequent >= newest_months.FREQUENT:
            best = self._rank_newest(request, queries, unscored, frequent)
        best = best or ranking.rank_best(self._sides(queries), request)
        page, more = ranking.cut_page(best.stories, request)
        searchers = [searcher for searcher, _ in self._sides(queries)]
        hits = [
            Hit(_story_id(searchers[side], address), score, NO_DATE_POSITION)
            for score, side, address in page
        ]
        return IndexResult(hits, more, request.parsed, total=best.total)

    def _rank_newest(
        self,
        request: IndexQuery,
        queries: "_SideQueries",
        unscored: "_SideQueries",
        frequent: float,
    ) -> ranking.RankedStories | None:
        """Return the most relevant of the newest stories, or None if too few match."""
        newest = replace(
            queries, main=newest_months.restrict_to_newest(self._searcher, queries.main, frequent)
        )
        best = ranking.rank_best(self._sides(newest), replace(request, count_total=True))
        if best.total is None or best.total < newest_months.MIN_MATCHES:
            return None
        return best._replace(total=self._count_total(unscored) if request.count_total else None)

    def _count_total(self, queries: "_SideQueries") -> int:
        return sum(
            facets.count_stories(searcher, query) for searcher, query in self._sides(queries)
        )

    def _search_by_date(self, request: IndexQuery, queries: "_SideQueries") -> IndexResult:
        dated = [
            (place, _story_id(searcher, address))
            for searcher, query in self._sides(queries)
            for place, address in date_order.find_by_date(
                searcher, query, request, request.limit + 1
            )
        ]
        dated.sort(key=lambda hit: (hit[0].at, hit[0].tie), reverse=request.descending)
        hits = [Hit(id_, None, place) for place, id_ in dated[: request.limit]]
        total = self._count_total(queries) if request.count_total else None
        return IndexResult(hits, len(dated) > request.limit, request.parsed, total=total)

    def _start_facets(
        self, request: IndexQuery, queries: "_SideQueries"
    ) -> Callable[[], dict[FacetField, Sequence[FacetValue]]]:
        """Start counting facets, perhaps on a side thread; return a callable for the result."""
        count = partial(self._count_facets, request, queries)
        is_worth_it = bool(request.facets) and self._searcher.num_docs >= MANY_STORIES
        return start_on_side_thread(count) if is_worth_it else count

    def _count_facets(
        self, request: IndexQuery, queries: "_SideQueries"
    ) -> dict[FacetField, Sequence[FacetValue]]:
        if not request.facets:
            return {}
        counts = [
            facets.count_values(searcher, query, request.facets)
            for searcher, query in self._sides(queries)
        ]
        total = counts[0] if len(counts) == 1 else facets.add_counts(counts[0], counts[1])
        return {name: facets.build_facet_values(total[name]) for name in request.facets}

    def _sides(self, queries: "_SideQueries") -> list[tuple[Searcher, Query]]:
        sides = [(self._searcher, queries.main)]
        if self._scratch is not None:
            sides.append((self._scratch, queries.scratch))
        return sides


@dataclass(frozen=True, slots=True)
class _SideQueries:
    """One query for the index, and the same query for its overlay."""

    main: Query
    scratch: Query

    @classmethod
    def for_request(
        cls, request: IndexQuery, queries: FormQueries, removed: Query | None
    ) -> "_SideQueries":
        query = apply_grants(queries, request.grants)
        if query is not None and _is_exclusion_only(request.parsed):
            query = Query.boolean_query([(Occur.Must, query), (Occur.Must, all_stories())])
        return cls.for_both(query, request.selection, removed)

    @classmethod
    def for_both(
        cls, query: Query | None, selection: Selection, removed: Query | None
    ) -> "_SideQueries":
        return cls.for_sides((query, query), selection, removed)

    @classmethod
    def for_sides(
        cls, queries: Sequence[Query | None], selection: Selection, removed: Query | None
    ) -> "_SideQueries":
        main, scratch = queries
        return cls(apply_filters(main, selection, removed), apply_filters(scratch, selection, None))


def _is_exclusion_only(parsed: ParsedQuery | None) -> bool:
    """Tell whether a query only excludes words; it would match the position document, too."""
    return parsed is not None and not parsed.required and parsed.reference is None


def _tag_query(term: str, grants: Grants) -> Query | None:
    """Return a query for stories with a tag; the term dictionary still counts removed stories."""
    query = Query.term_query(SCHEMA, "begun_tag", term, "basic")
    return apply_grants(FormQueries(query, query), grants)


def _build_scratch(stories: Sequence[IndexedStory]) -> Searcher:
    """Return a small in-memory index with some stories."""
    index = prepare_index(Index(SCHEMA))
    writer = index.writer(_SCRATCH_BYTES, 1)
    for story in stories:
        writer.add_document(build_document(story))
    writer.commit()
    index.reload()
    return index.searcher()


def _story_id(searcher: Searcher, address: DocAddress) -> str:
    id_: str = searcher.doc(address)["id"][0]
    return id_
