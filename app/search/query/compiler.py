"""Compile a parsed query into a query for the engine.

The score of a story is a sum over the query units. Each word counts by its rarity, and by the best
form and field in which the story has it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tantivy import Occur, Query, Schema

from app.search.analysis.stop_words import StopWords, find_stop_words
from app.search.query.parser import ParsedQuery, QueryPart
from app.search.query.scoring import ScoredClauseBuilder, UnscoredClauseBuilder
from app.search.query.spelling import SpellingCorrector, correct_part
from app.search.query.units import QueryUnit, build_excluded_units, build_units
from app.search.query.variants import Variants, find_variants
from app.search.text_fields import TITLE
from app.search.vocabulary import TermStatistics, Vocabulary

# Up to so many words are all required. Longer queries and questions rank by matching words.
MOST_REQUIRED_WORDS = 4
# So many significant words, if no story has all of them, are searched for like a question.
_FEWEST_LOOSENED = 3
# A query with more words outside phrases, or inside them, is pasted text: its phrases are optional.
_MOST_UNQUOTED, _MOST_QUOTED = 6, 12
# In a query of more groups it does not count in which field a word occurs.
_MOST_BY_FIELD = 12
# Of a long text only so many groups are searched for, the most significant ones.
_MOST_GROUPS = 64
# A neighbour search costs as much as its rarer word is frequent.
_MOST_NEIGHBOUR_STORIES = 20_000

Group = tuple[QueryUnit, ...]
Clause = tuple[Occur, Query]


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A query for the engine, and what it was compiled from.

    `query` scores by relevance. `unscored` matches the same stories in less time. Neither knows
    access rights. `parsed` has misspelt words replaced: highlight with this one. `corrected` is its
    text if any word was replaced. `rarest_frequency` estimates the number of stories with the
    rarest required word; it is 0 if that says little about the number of matches.
    """

    query: Query
    unscored: Query
    parsed: ParsedQuery
    corrected: str | None = None
    rarest_frequency: float = 0


def compile_query(
    parsed: ParsedQuery, statistics: TermStatistics, schema: Schema, languages: Sequence[str] = ()
) -> CompiledQuery:
    """Compile a parsed query.

    `languages` are the BCP 47 tags of a language filter; none means any language. A `reference` is
    not looked up here: the caller knows stories by id and URL.
    """
    return compile_with_vocabulary(parsed, Vocabulary(statistics, languages), schema)


def compile_with_vocabulary(
    parsed: ParsedQuery, vocabulary: Vocabulary, schema: Schema, *, corrects: bool = True
) -> CompiledQuery:
    """Compile a parsed query with a vocabulary that exists already.

    Without `corrects`, no word is taken for misspelt.
    """
    return _Compiler(parsed, vocabulary, schema, corrects=corrects).compile()


def loosen_phrases(parsed: ParsedQuery) -> ParsedQuery | None:
    """Return a long query with its phrases split into words, or None.

    It is searched for if no story contains the phrases verbatim. A short query, or one that only
    has phrases, means what it says: the result is None.
    """
    required = tuple(single for parts in parsed.required for single in _split_phrase(parts))
    has_unquoted = any(parts in required for parts in parsed.required)
    if (
        required == parsed.required
        or not has_unquoted
        or len(build_units(required)) <= MOST_REQUIRED_WORDS
    ):
        return None
    return replace(parsed, required=required)


def loosen_words(parsed: ParsedQuery, languages: Sequence[str]) -> ParsedQuery | None:
    """Return a query of three or four words as a question without stop words, or None.

    It is searched for if no story has all words. Two words, without the stop words of `languages`,
    stay required, and so do the parts of a word or an address. A longer query ranks by matching
    words already.
    """
    groups = build_units(parsed.required)
    is_plain = len(groups) == len(parsed.required) and parsed.reference is None
    if parsed.is_question or not is_plain or len(groups) > MOST_REQUIRED_WORDS:
        return None
    significant = _find_significant(groups, _find_stop_words(groups, languages))
    if sum(map(_is_optional, significant)) < _FEWEST_LOOSENED:
        return None
    required = tuple(
        tuple(replace(part, is_prefix=False) for part in parts)
        for parts, group in zip(parsed.required, groups, strict=True)
        if group in significant
    )
    return replace(parsed, required=required, is_question=True)


class _Compiler:
    """Compiles one query, with scores and without."""

    def __init__(
        self, parsed: ParsedQuery, vocabulary: Vocabulary, schema: Schema, *, corrects: bool
    ) -> None:
        self._parsed = parsed
        self._vocabulary = vocabulary
        self._schema = schema
        self._unscored = UnscoredClauseBuilder(schema, vocabulary.text)
        # Excluded words are never corrected.
        self._no_spelling = SpellingCorrector(vocabulary, most=0)
        self._spelling = SpellingCorrector(vocabulary) if corrects else self._no_spelling
        self._corrections: dict[str, str] = {}
        self._variants: dict[tuple[QueryUnit, SpellingCorrector], Variants] = {}
        self._rarest_frequency: float = 0

    def compile(self) -> CompiledQuery:
        groups = self._keep_most_significant(
            list(map(self._drop_unknown_notations, self._build_units()))
        )
        if self._parsed.required and not groups:
            return self._build_result(Query.empty_query(), Query.empty_query())
        scored = ScoredClauseBuilder(
            self._schema, self._vocabulary, by_field=len(groups) <= _MOST_BY_FIELD
        )
        query, unscored = (
            self._build_query(groups, builder) for builder in (scored, self._unscored)
        )
        return self._build_result(query, unscored)

    def _build_units(self) -> list[Group]:
        """Return the required units; the phrases of pasted text are split into words."""
        required = self._parsed.required
        counts = dict.fromkeys((False, True), 0)
        for parts in required:
            for part in parts:
                counts[part.phrase] += len(part.words)
        if counts[False] <= _MOST_UNQUOTED and counts[True] <= _MOST_QUOTED:
            return build_units(required)
        split = tuple(single for parts in required for single in _split_phrase(parts))
        return build_units(split)

    def _keep_most_significant(self, groups: list[Group]) -> list[Group]:
        """Return the most significant groups of a long text: conditions first, then rare words."""
        if len(groups) <= _MOST_GROUPS:
            return groups

        def rank(group: Group) -> tuple[bool, bool, int]:
            count = self._vocabulary.count(group[0].words[0])
            return (_is_optional(group), not count, count)

        kept = set(sorted(groups, key=rank)[:_MOST_GROUPS])
        return [group for group in groups if group in kept]

    def _drop_unknown_notations(self, group: Group) -> Group:
        """Return a group without notations that no story contains."""
        return tuple(
            unit
            for unit in group
            if not unit.is_notation or all(map(self._vocabulary.count, unit.words))
        )

    def _build_query(self, groups: list[Group], builder: UnscoredClauseBuilder) -> Query:
        clauses = [*self._build_required(groups, builder), *self._build_excluded()]
        if not groups:
            clauses.append((Occur.Must, Query.all_query()))
        if len(clauses) == 1 and groups:
            return clauses[0][1]
        return Query.boolean_query(clauses)

    def _build_required(self, groups: list[Group], builder: UnscoredClauseBuilder) -> list[Clause]:
        stop_words = _find_stop_words(groups, self._vocabulary.languages)
        significant = _find_significant(groups, stop_words)
        ranked = self._parsed.is_question or len(groups) > MOST_REQUIRED_WORDS
        clauses = [
            (
                Occur.Should if ranked and _is_optional(group) else Occur.Must,
                self._build_group(group, self._spelling, builder),
            )
            for group in significant
        ]
        if ranked:
            clauses += self._build_function_words(groups, significant, stop_words, builder)
        else:
            self._rarest_frequency = min(map(self._count_stories, significant), default=0)
        clauses += self._build_neighbours(significant, builder)
        return self._add_trigrams(clauses, significant, builder) if ranked else clauses

    def _build_group(
        self, group: Group, spelling: SpellingCorrector, builder: UnscoredClauseBuilder
    ) -> Query:
        if any(unit.is_notation for unit in group):
            # Another notation of this word exists, so it is not misspelt.
            spelling = self._no_spelling
        clauses = [self._build_unit(unit, spelling, builder) for unit in group]
        if len(clauses) == 1:
            return clauses[0]
        return Query.boolean_query([(Occur.Should, clause) for clause in clauses])

    def _build_unit(
        self, unit: QueryUnit, spelling: SpellingCorrector, builder: UnscoredClauseBuilder
    ) -> Query:
        title = unit.part.title
        if not unit.is_word:
            return (
                builder.match_phrase_in(TITLE, unit.words)
                if title
                else builder.match_phrase(unit.words)
            )
        variants = self._variants_of(unit, spelling)
        return builder.match_title_word(variants) if title else builder.match_word(variants)

    def _variants_of(self, unit: QueryUnit, spelling: SpellingCorrector) -> Variants:
        """Return the variants of a word; cached, because the corrector handles only a few words."""
        variants = self._variants.get((unit, spelling))
        if variants is None:
            variants = self._variants[unit, spelling] = find_variants(
                unit, self._vocabulary, spelling
            )
            if variants.corrected:
                self._corrections[unit.words[0]] = variants.corrected
        return variants

    def _count_stories(self, group: Group) -> float:
        """Estimate in how many stories any of several words occurs; phrases are not counted."""
        known = (self._variants.get((unit, self._spelling)) for unit in group)
        return sum(variants.stories for variants in known if variants is not None)

    def _build_excluded(self) -> list[Clause]:
        groups = map(self._drop_unknown_notations, build_excluded_units(self._parsed.excluded))
        return [
            (Occur.MustNot, self._build_group(group, self._no_spelling, self._unscored))
            for group in groups
        ]

    def _build_function_words(
        self,
        groups: list[Group],
        significant: list[Group],
        stop_words: StopWords,
        builder: UnscoredClauseBuilder,
    ) -> list[Clause]:
        """Return optional clauses for function words, which add a little to the score."""
        return [
            (Occur.Should, builder.match_phrase_in(builder.text, group[0].words))
            for group in groups
            if group not in significant and group[0].words[0] in stop_words.function_words
        ]

    def _build_neighbours(
        self, significant: list[Group], builder: UnscoredClauseBuilder
    ) -> list[Clause]:
        clauses: list[Query] = []
        if not isinstance(builder, ScoredClauseBuilder):
            return []
        for (first, *_), (second, *_) in pairwise(significant):
            if first.is_word and second.is_word and first.words != second.words:
                counts = [self._vocabulary.count(unit.words[0]) for unit in (first, second)]
                if 0 < min(counts) <= _MOST_NEIGHBOUR_STORIES:
                    clauses.append(builder.boost_neighbours(first.words[0], second.words[0]))
        return [(Occur.Should, clause) for clause in clauses]

    def _add_trigrams(
        self, clauses: list[Clause], significant: list[Group], builder: UnscoredClauseBuilder
    ) -> list[Clause]:
        """Add optional clauses for letter trigrams; they match no other stories."""
        if not isinstance(builder, ScoredClauseBuilder):
            return clauses
        words = [group[0].words[0] for group in significant if group[0].is_word]
        trigrams = builder.match_trigrams(words)
        if not trigrams:
            return clauses
        required = (Occur.Must, Query.boolean_query(clauses))
        return [required, *((Occur.Should, trigram) for trigram in trigrams)]

    def _build_result(self, query: Query, unscored: Query) -> CompiledQuery:
        required = tuple(
            tuple(correct_part(part, self._corrections) for part in group)
            for group in self._parsed.required
        )
        languages = self._vocabulary.languages
        parsed = replace(self._parsed, required=required, languages=languages)
        corrected = parsed.text if self._corrections else None
        return CompiledQuery(query, unscored, parsed, corrected, self._rarest_frequency)


def _split_phrase(parts: tuple[QueryPart, ...]) -> Iterator[tuple[QueryPart, ...]]:
    """Yield the words of a phrase one by one; anything else unchanged."""
    part = parts[0]
    if len(parts) > 1 or not part.phrase or part.title:
        yield parts
        return
    for word in part.words:
        yield (replace(part, words=(word,), phrase=False),)


def _is_optional(group: Group) -> bool:
    """Tell whether a group is optional: the user marked it neither as a phrase nor for titles."""
    parts = (unit.part for unit in group if not unit.is_notation)
    return not any(part.phrase or part.title for part in parts)


def _find_stop_words(groups: list[Group], languages: Sequence[str]) -> StopWords:
    return find_stop_words([group[0].words[0] for group in groups], languages)


def _find_significant(groups: list[Group], stop_words: StopWords) -> list[Group]:
    """Return the groups that are not stop words, or all if there are no others."""
    all_capitals = all(_is_in_capitals(group) for group in groups)
    return [
        group
        for group in groups
        if not _is_stop_word(group, stop_words) or (_is_in_capitals(group) and not all_capitals)
    ] or groups


def _is_stop_word(group: Group, stop_words: StopWords) -> bool:
    first, *others = group
    is_single = first.is_word and not first.part.title and all(unit.is_notation for unit in others)
    return is_single and (
        first.words[0] in stop_words.function_words or first.words[0] in stop_words.question_words
    )


def _is_in_capitals(group: Group) -> bool:
    """Tell whether a word was typed as an abbreviation: `US` is not the word `us`."""
    word = group[0].part.words[0]
    return len(word) > 1 and word.isupper()
