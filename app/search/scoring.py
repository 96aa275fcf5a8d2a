"""What words and phrases count for, by the place and the form in which a story has them."""

from collections.abc import Iterable

from tantivy import Query, Schema

from app.search.text import NAMES, SUMMARY, TEXT, TITLE
from app.search.variants import Variants
from app.search.vocabulary import Vocabulary

# What a word counts for where it stands, beside what it counts for anywhere.
_PLACES = ((TITLE, 0.8), (SUMMARY, 0.3), (NAMES, 0.5))
_PHRASE_IN_TITLE = 0.8
# Of several forms of a word in one story, the best counts whole and the others so much.
_OTHER_FORMS = 0.3
_NEAR, _NEAR_COUNTS = 8, 0.1


class Scoring:
    """Queries of an index for single words and phrases, with their scores."""

    def __init__(self, schema: Schema, vocabulary: Vocabulary) -> None:
        """Make queries for an index."""
        self._schema = schema
        self._vocabulary = vocabulary

    def anywhere(self, looked_for: Variants) -> Query:
        """Return what finds a word anywhere in a story."""
        return self._best_of(looked_for, TEXT, 1.0, looked_for.weights)

    def in_title(self, looked_for: Variants) -> Query:
        """Return what finds a word in a title."""
        return self._best_of(looked_for, TITLE, 1.0, looked_for.weights)

    def by_place(self, looked_for: Variants) -> list[Query]:
        """Return what adds to the score of stories that have a word in a better place."""
        found = []
        for field, counts in _PLACES:
            there = [one for one in looked_for.weights if self._vocabulary.count(one, field)]
            if there:
                found.append(self._best_of(looked_for, field, counts, there))
        return found

    def phrase(self, words: tuple[str, ...], field: str = TEXT) -> Query:
        """Return what finds words that stand together."""
        if len(words) == 1:
            return Query.term_query(self._schema, field, words[0])
        return Query.phrase_query(self._schema, field, list(words))

    def phrase_in_title(self, words: tuple[str, ...]) -> Query:
        """Return what adds to the score of stories that have a phrase in their title."""
        return Query.boost_query(self.phrase(words, TITLE), _PHRASE_IN_TITLE)

    def near(self, first: str, second: str) -> Query:
        """Return what adds to the score of stories in which two words stand close."""
        near = Query.phrase_query(self._schema, TEXT, [first, second], _NEAR)
        return Query.boost_query(near, _NEAR_COUNTS)

    def _best_of(
        self, looked_for: Variants, field: str, counts: float, forms: Iterable[str]
    ) -> Query:
        found = [
            self._scored(form, field, counts * looked_for.weights[form] * looked_for.rarity)
            for form in forms
        ]
        return found[0] if len(found) == 1 else Query.disjunction_max_query(found, _OTHER_FORMS)

    def _scored(self, form: str, field: str, score: float) -> Query:
        """Return what finds a word, scored as if it were as rare as all of its forms together."""
        own = self._vocabulary.rarity(self._vocabulary.count(form, field))
        return Query.boost_query(Query.term_query(self._schema, field, form), score / own)
