"""Similar stories: rare words and categories in common."""

from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from tantivy import Occur, Query, Searcher

from app.search.analysis.tokenizer import tokenize
from app.search.engine.schema import SCHEMA
from app.search.index import IndexedStory
from app.search.text_fields import HEADLINE, LANGUAGE, NAMES, TEXT, collect_text_fields
from app.search.vocabulary import Vocabulary

_WORDS = 25
# A word in more than half of all stories is not significant, unless the index is this small.
_SMALL_INDEX = 20
# A similar story scores at least this share of the story's score for its own words. A category in
# common scores exactly this share.
MIN_SCORE_SHARE = 0.1
# The fields that are compared, with bodies and without.
FULL_FIELDS = frozenset({TEXT, HEADLINE, NAMES, LANGUAGE})
SHORT_FIELDS = FULL_FIELDS - {TEXT}


def words_query(
    story: IndexedStory, fields: Collection[str], vocabulary: Vocabulary, searcher: Searcher
) -> Query:
    """Return a query for stories with the significant words of a story in some fields.

    Word frequencies are those of the index and its overlay together, so that the scores of both
    compare.
    """
    statistics = Vocabulary(searcher)
    clauses = []
    for significant in _find_significant_words(story, fields, vocabulary):
        count = statistics.count(significant.word, significant.field)
        if count:
            term = Query.term_query(SCHEMA, significant.field, significant.word)
            weight = significant.weight * significant.idf / statistics.idf(count)
            clauses.append((Occur.Should, Query.boost_query(term, weight)))
    return Query.boolean_query(clauses) if clauses else Query.empty_query()


class _SignificantWord(NamedTuple):
    """A significant word in a field; `weight` is relative to the most significant word."""

    weight: float
    idf: float
    field: str
    word: str


def _find_significant_words(
    story: IndexedStory, fields: Collection[str], vocabulary: Vocabulary
) -> list[_SignificantWord]:
    most = max(vocabulary.stories // 2, min(vocabulary.stories, _SMALL_INDEX))
    significant = []
    for field, values in collect_text_fields(story.text).items():
        if field not in fields:
            continue
        for word, times in Counter(tokenize(" ".join(values))).items():
            count = vocabulary.count(word, field)
            if 0 < count <= most:
                rarity = vocabulary.idf(count)
                significant.append(_SignificantWord(times * rarity, rarity, field, word))
    best = sorted(significant, reverse=True)[:_WORDS]
    return [word._replace(weight=word.weight / best[0].weight) for word in best]


def similarity_query(story: IndexedStory, own_words: Query, enough: float) -> Query:
    """Return a query for similar stories of other groups."""
    clauses = [(Occur.Should, own_words)]
    if story.categories:
        same = Query.term_set_query(SCHEMA, "category", story.categories)
        clauses.append((Occur.Should, Query.const_score_query(same, enough)))
    return Query.boolean_query(
        [
            (Occur.Must, Query.boolean_query(clauses)),
            (Occur.MustNot, Query.term_set_query(SCHEMA, "id", (story.id, story.group))),
            (Occur.MustNot, Query.term_query(SCHEMA, "group", story.group, "basic")),
        ]
    )
