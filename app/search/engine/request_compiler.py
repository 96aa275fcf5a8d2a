"""Compile the words of a request for each form in which its reader may find stories."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from app.access.selection import Selection
from app.search.engine.filters import reference_query
from app.search.engine.grants import FormQueries, word_query
from app.search.engine.vocabularies import VocabularyCache, compile_with_existing_words
from app.search.index import ALL_STORIES, IndexQuery
from app.search.query.compiler import (
    MOST_REQUIRED_WORDS,
    CompiledQuery,
    loosen_phrases,
    loosen_words,
)
from app.search.query.parser import ParsedQuery, QueryPart
from app.search.query.spelling import SpellingCorrector, correct_part
from app.search.query.units import fold_part
from app.search.text_fields import HEADLINE, TEXT

# Tells whether the reader finds a story of a selection with a query.
Finds = Callable[[FormQueries, Selection], bool]


@dataclass(frozen=True, slots=True)
class CompiledRequest:
    """A query for the engine in each form, with scores and without, and what it was compiled from.

    See `CompiledQuery` for the members.
    """

    query: FormQueries
    unscored: FormQueries
    parsed: ParsedQuery | None = None
    corrected: str | None = None
    rarest_frequency: float = 0


class RequestCompiler:
    """Compiles the words of one request."""

    def __init__(self, request: IndexQuery, vocabularies: VocabularyCache, finds: Finds) -> None:
        """Compile a request for an index state with these words."""
        self._parsed = request.parsed
        self._selection = request.selection
        self._is_by_relevance = request.order == "relevance"
        self._vocabularies = vocabularies
        self._finds = finds
        self._is_unlimited = request.grants == ALL_STORIES
        self._forms = {grant.form for grant in request.grants}
        self._languages = [
            value
            for clause in request.selection.clauses
            if clause.field == "language"
            for value in clause.included
        ]

    def compile(self) -> CompiledRequest:
        """Compile the request as it is; without words, the queries are empty."""
        if self._parsed is None:
            return CompiledRequest(FormQueries(), FormQueries())
        return self._compile(self._parsed)

    def loosen(self, compiled: CompiledRequest) -> CompiledRequest | None:
        """Compile a request that finds no story with fewer conditions, if that finds any."""
        loosened = self._find_looser(compiled)
        if loosened is None or self._has_result(compiled):
            return None
        nearest = self._compile(loosened)
        if nearest.parsed is None or not self._has_result(nearest):
            return None
        return replace(nearest, corrected=nearest.parsed.text)

    def _find_looser(self, compiled: CompiledRequest) -> ParsedQuery | None:
        """Return the query with its phrases split, or with words that are not all required.

        In an order by date, stories with few of the words would come before those with most.
        """
        if self._parsed is None or compiled.parsed is None:
            return None
        loosened = loosen_phrases(self._parsed)
        if loosened is None and self._is_by_relevance:
            loosened = loosen_words(self._parsed, compiled.parsed.languages)
        return loosened

    def _compile(self, parsed: ParsedQuery) -> CompiledRequest:
        if parsed.reference is not None:
            query = reference_query(parsed.reference)
            both = FormQueries(query, query)
            if not parsed.required or self._finds(both, Selection()):
                return CompiledRequest(both, both, parsed)
        if self._is_unlimited:
            return _merge_forms(
                compile_with_existing_words(
                    parsed, self._languages, self._vocabularies, self._finds_word
                ),
                None,
            )
        return self._compile_for_limited(parsed)

    def _compile_for_limited(self, parsed: ParsedQuery) -> CompiledRequest:
        """Compile a query; correct it only if the reader finds nothing, and then finds something.

        Whether a word is misspelt is decided by the stories of the reader, not by the frequencies
        of words in all stories: a correction, or its absence, would tell of the other stories.
        """
        compiled = self._compile_forms(parsed)
        if len(parsed.required) > MOST_REQUIRED_WORDS or self._has_result(compiled):
            return compiled
        corrected = self._correct(parsed)
        if corrected == parsed:
            return compiled
        nearest = self._compile_forms(corrected)
        if not self._has_result(nearest):
            return compiled
        return replace(nearest, corrected=corrected.text)

    def _compile_forms(self, parsed: ParsedQuery) -> CompiledRequest:
        """Compile a query as it is, for each form that a grant has."""
        full, headline = (
            self._vocabularies.compile(parsed, self._languages, text, corrects=False)
            if form in self._forms
            else None
            for form, text in (("full", TEXT), ("headline", HEADLINE))
        )
        return _merge_forms(full, headline)

    def _correct(self, parsed: ParsedQuery) -> ParsedQuery:
        """Return a query with other words for those that the reader does not find."""
        text = TEXT if "full" in self._forms else HEADLINE
        vocabulary = self._vocabularies.for_languages(self._languages, text)
        corrector = SpellingCorrector(vocabulary, is_allowed=self._finds_word)
        required = tuple(
            group if self._finds_group(group) else tuple(_correct_parts(group, corrector))
            for group in parsed.required
        )
        return replace(parsed, required=required)

    def _finds_group(self, group: tuple[QueryPart, ...]) -> bool:
        return self._finds(
            self._compile_forms(ParsedQuery(required=(group,))).unscored, Selection()
        )

    def _finds_word(self, word: str) -> bool:
        return self._finds(word_query(word), Selection())

    def _has_result(self, compiled: CompiledRequest) -> bool:
        return self._finds(compiled.unscored, self._selection)


def _correct_parts(
    group: tuple[QueryPart, ...], corrector: SpellingCorrector
) -> Iterator[QueryPart]:
    for part in group:
        nearest = {word: corrector.correct(word, 0) for word in fold_part(part) if not part.phrase}
        yield correct_part(part, {word: near for word, near in nearest.items() if near})


def _merge_forms(full: CompiledQuery | None, headline: CompiledQuery | None) -> CompiledRequest:
    """Return the queries of both forms; they were compiled from the same words."""
    any_form = full or headline
    assert any_form is not None
    forms = full, headline
    return CompiledRequest(
        FormQueries(*(form.query if form else None for form in forms)),
        FormQueries(*(form.unscored if form else None for form in forms)),
        any_form.parsed,
        any_form.corrected,
        any_form.rarest_frequency,
    )
