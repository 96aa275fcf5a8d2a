"""Engine clauses for words and phrases, with and without scores."""

from collections.abc import Iterable

from tantivy import Occur, Query, Schema

from app.search.analysis.trigrams import find_trigrams
from app.search.query.variants import Variants
from app.search.text_fields import HEADLINE, NAMES, TEXT, TITLE, TRIGRAMS
from app.search.vocabulary import Vocabulary

# Weight of a word in each field; the first field contains the words of all others.
FIELD_WEIGHTS = {TEXT: 1.0, TITLE: 1.4, HEADLINE: 1.2, NAMES: 1.2}
# So that a word adds as much as in a full story, where two or three fields have it.
_HEADLINE_WEIGHTS = {HEADLINE: 1.5, TITLE: 1.6}
_TITLE_PHRASE_WEIGHT = 1.6
# The best form and field of a word counts fully, each other one this share.
TIE_BREAKER = 0.3
# Two words within so many positions add this share of their score.
NEIGHBOUR_SLOP, NEIGHBOUR_WEIGHT = 4, 0.15
# A letter trigram of a word in Arabic script adds this share of its score.
TRIGRAM_WEIGHT = 0.6


class UnscoredClauseBuilder:
    """Builds clauses without scores for single words and phrases.

    The text field contains the words of all other fields, so no other field has to be searched.
    """

    def __init__(self, schema: Schema, text: str) -> None:
        """Build clauses for indexes of a schema, with `text` as the text field."""
        self._schema = schema
        self.text = text

    def match_word(self, variants: Variants) -> Query:
        """Match a word anywhere in a story."""
        return self._any_of(self.text, variants)

    def match_title_word(self, variants: Variants) -> Query:
        """Match a word in the title."""
        return self._any_of(TITLE, variants)

    def match_phrase(self, words: tuple[str, ...]) -> Query:
        """Match consecutive words."""
        return self.match_phrase_in(self.text, words)

    def match_phrase_in(self, field: str, words: tuple[str, ...]) -> Query:
        """Match consecutive words in one field."""
        if len(words) == 1:
            return Query.term_query(self._schema, field, words[0])
        return Query.phrase_query(self._schema, field, list(words))

    def _any_of(self, field: str, variants: Variants) -> Query:
        clauses = [
            Query.term_query(self._schema, field, form, "basic") for form in variants.weights
        ]
        if len(clauses) == 1:
            return clauses[0]
        return Query.boolean_query([(Occur.Should, clause) for clause in clauses])


class ScoredClauseBuilder(UnscoredClauseBuilder):
    """Builds clauses with scores for single words and phrases.

    Each word is one flat disjunction: the engine is slow with nested ones.
    """

    def __init__(self, schema: Schema, vocabulary: Vocabulary, *, by_field: bool) -> None:
        """Build clauses for an index; without `by_field`, a word counts the same in each field."""
        super().__init__(schema, vocabulary.text)
        self._vocabulary = vocabulary
        weights = FIELD_WEIGHTS if vocabulary.text == TEXT else _HEADLINE_WEIGHTS
        self._weights = weights if by_field else {vocabulary.text: 1.0}

    def match_word(self, variants: Variants) -> Query:
        """Match a word anywhere in a story."""
        clauses = [
            self._match_form(form, field, place * weight * variants.idf)
            for field, place in self._weights.items()
            for form, weight in variants.weights.items()
            if field == self.text or self._vocabulary.count(form, field)
        ]
        return _take_best(clauses)

    def match_title_word(self, variants: Variants) -> Query:
        """Match a word in the title."""
        weights = variants.weights.items()
        return _take_best(
            [self._match_form(form, TITLE, weight * variants.idf) for form, weight in weights]
        )

    def match_phrase(self, words: tuple[str, ...]) -> Query:
        """Match consecutive words."""
        in_title = Query.boost_query(self.match_phrase_in(TITLE, words), _TITLE_PHRASE_WEIGHT)
        return _take_best([self.match_phrase_in(self.text, words), in_title])

    def boost_neighbours(self, first: str, second: str) -> Query:
        """Boost stories in which two words stand close together."""
        near = Query.phrase_query(self._schema, self.text, [first, second], NEIGHBOUR_SLOP)
        return Query.boost_query(near, NEIGHBOUR_WEIGHT)

    def match_trigrams(self, words: Iterable[str]) -> list[Query]:
        """Match the letter trigrams of words in Arabic script.

        The trigrams of headlines are not separate from those of bodies, so readers who may not read
        bodies get none.
        """
        if self.text != TEXT:
            return []
        trigrams = dict.fromkeys(find_trigrams(" ".join(words)))
        return [
            Query.boost_query(
                Query.term_query(self._schema, TRIGRAMS, trigram, "freq"), TRIGRAM_WEIGHT
            )
            for trigram in trigrams
        ]

    def _match_form(self, form: str, field: str, score: float) -> Query:
        """Match one form, with the score of the combined frequency of all forms."""
        own = self._vocabulary.idf(self._vocabulary.count(form, field))
        return Query.boost_query(Query.term_query(self._schema, field, form), score / own)


def _take_best(clauses: list[Query]) -> Query:
    return clauses[0] if len(clauses) == 1 else Query.disjunction_max_query(clauses, TIE_BREAKER)
