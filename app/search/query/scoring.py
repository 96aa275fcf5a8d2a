"""What words and phrases count for, by the place and the form in which a story has them."""

from tantivy import Occur, Query, Schema

from app.search.query.variants import Variants
from app.search.text_fields import NAMES, SUMMARY, TEXT, TITLE
from app.search.vocabulary import Vocabulary

# What a word counts for in each place; the text has the words of all of them.
PLACES = {TEXT: 1.0, TITLE: 1.6, SUMMARY: 1.2, NAMES: 1.2}
# Of several forms and places of a word in one story the best counts whole, the others so much.
OTHERS_COUNT = 0.3
# Words that stand so close add so much of what they count for.
NEAR, NEAR_COUNTS = 4, 0.15


class Finding:
    """Queries of an index for single words and phrases, for those who ask for no scores.

    The text has the words of all other places, so that nothing else has to be looked through.
    """

    def __init__(self, schema: Schema) -> None:
        """Make queries for indexes of a schema."""
        self._schema = schema

    def word(self, looked_for: Variants) -> Query:
        """Return what finds a word anywhere in a story."""
        return self._any_of(TEXT, looked_for)

    def word_in_title(self, looked_for: Variants) -> Query:
        """Return what finds a word in a title."""
        return self._any_of(TITLE, looked_for)

    def phrase(self, words: tuple[str, ...]) -> Query:
        """Return what finds words that stand together."""
        return self.phrase_in(TEXT, words)

    def phrase_in(self, field: str, words: tuple[str, ...]) -> Query:
        """Return what finds words that stand together in one field."""
        if len(words) == 1:
            return Query.term_query(self._schema, field, words[0])
        return Query.phrase_query(self._schema, field, list(words))

    def _any_of(self, field: str, looked_for: Variants) -> Query:
        found = [
            Query.term_query(self._schema, field, form, "basic") for form in looked_for.weights
        ]
        if len(found) == 1:
            return found[0]
        return Query.boolean_query([(Occur.Should, one) for one in found])


class Scoring(Finding):
    """Queries of an index for single words and phrases, with their scores.

    They are kept flat, one disjunction for each word: the engine is slow with nested ones.
    """

    def __init__(self, schema: Schema, vocabulary: Vocabulary) -> None:
        """Make queries for an index."""
        super().__init__(schema)
        self._vocabulary = vocabulary

    def word(self, looked_for: Variants) -> Query:
        """Return what finds a word anywhere in a story."""
        found = [
            self._form(form, field, place * weight * looked_for.rarity)
            for field, place in PLACES.items()
            for form, weight in looked_for.weights.items()
            if field == TEXT or self._vocabulary.count(form, field)
        ]
        return _best(found)

    def word_in_title(self, looked_for: Variants) -> Query:
        """Return what finds a word in a title."""
        weights = looked_for.weights.items()
        return _best([self._form(form, TITLE, one * looked_for.rarity) for form, one in weights])

    def phrase(self, words: tuple[str, ...]) -> Query:
        """Return what finds words that stand together."""
        in_title = Query.boost_query(self.phrase_in(TITLE, words), PLACES[TITLE])
        return _best([self.phrase_in(TEXT, words), in_title])

    def near(self, first: str, second: str) -> Query:
        """Return what adds to the score of stories in which two words stand close."""
        near = Query.phrase_query(self._schema, TEXT, [first, second], NEAR)
        return Query.boost_query(near, NEAR_COUNTS)

    def _form(self, form: str, field: str, score: float) -> Query:
        """Return what finds one form, scored as if it were as rare as all forms together."""
        own = self._vocabulary.rarity(self._vocabulary.count(form, field))
        return Query.boost_query(Query.term_query(self._schema, field, form), score / own)


def _best(found: list[Query]) -> Query:
    return found[0] if len(found) == 1 else Query.disjunction_max_query(found, OTHERS_COUNT)
