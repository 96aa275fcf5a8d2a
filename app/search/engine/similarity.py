"""What makes a story like another one: rare words in common, and categories."""

from collections import Counter
from typing import NamedTuple

from tantivy import Occur, Query, Searcher

from app.search.analysis.tokenizer import words
from app.search.engine.schema import SCHEMA
from app.search.index import IndexedStory
from app.search.text_fields import text_fields
from app.search.vocabulary import Vocabulary

_WORDS = 25
# A word in more than half of all stories tells nothing of one; among so few stories it may.
_FEW = 20
# Stories are alike that score so much of what a story scores that is looked for by its own words;
# a category in common counts for just as much.
ENOUGH = 0.1


def by_words(story: IndexedStory, vocabulary: Vocabulary, searcher: Searcher) -> Query:
    """Return the query for stories of an index that have the telling words of a story.

    How rare a word is, is told by all stories there are, in this index and beside it: so the
    scores of both compare, whatever a few stories beside it would make of their own words.
    """
    here = Vocabulary(searcher)
    parts = []
    for telling in _telling(story, vocabulary):
        count = here.count(telling.word, telling.field)
        if count:
            term = Query.term_query(SCHEMA, telling.field, telling.word)
            weight = telling.weight * telling.rarity / here.rarity(count)
            parts.append((Occur.Should, Query.boost_query(term, weight)))
    return Query.boolean_query(parts) if parts else Query.empty_query()


class _Telling(NamedTuple):
    """A word that tells of a story, in a field; `weight` is its share of the most telling one's."""

    weight: float
    rarity: float
    field: str
    word: str


def _telling(story: IndexedStory, vocabulary: Vocabulary) -> list[_Telling]:
    most = max(vocabulary.stories // 2, min(vocabulary.stories, _FEW))
    found = []
    for field, values in text_fields(story.text).items():
        for word, times in Counter(words(" ".join(values))).items():
            count = vocabulary.count(word, field)
            if 0 < count <= most:
                rarity = vocabulary.rarity(count)
                found.append(_Telling(times * rarity, rarity, field, word))
    best = sorted(found, reverse=True)[:_WORDS]
    return [one._replace(weight=one.weight / best[0].weight) for one in best]


def like(story: IndexedStory, by: Query, enough: float) -> Query:
    """Return the query for stories like one, of another group than its own."""
    found = [(Occur.Should, by)]
    if story.categories:
        same = Query.term_set_query(SCHEMA, "category", story.categories)
        found.append((Occur.Should, Query.const_score_query(same, enough)))
    return Query.boolean_query(
        [
            (Occur.Must, Query.boolean_query(found)),
            (Occur.MustNot, Query.term_set_query(SCHEMA, "id", (story.id, story.group))),
            (Occur.MustNot, Query.term_query(SCHEMA, "group", story.group, "basic")),
        ]
    )
