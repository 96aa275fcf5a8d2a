"""What makes a story like another one: rare words in common, and categories."""

from tantivy import Occur, Query

from app.search.engine.schema import SCHEMA
from app.search.index import IndexedStory
from app.search.text import text_fields

_WORDS = 25
# A word in more than half of all stories tells nothing of one; among so few stories it may.
_FEW = 20
# Stories are alike that score so much of what a story scores that is looked for by its own words;
# a category in common counts for just as much.
ENOUGH = 0.1


def by_words(story: IndexedStory, stories: int) -> Query:
    """Return the query for those of so many stories that have the telling words of one.

    The engine counts a word in stories that were replaced, too, until it merges its files, and
    gives up where a word seems to be in more stories than there are: so none may be that common.
    """
    return Query.more_like_this_document_fields_query(
        SCHEMA,
        text_fields(story.text),
        min_doc_frequency=1,
        max_doc_frequency=max(stories // 2, min(stories, _FEW)),
        min_term_frequency=1,
        max_query_terms=_WORDS,
    )


def like(story: IndexedStory, words: Query, enough: float) -> Query:
    """Return the query for stories like one, of another group than its own."""
    found = [(Occur.Should, words)]
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
