"""What makes a story like another one: rare words in common, and categories."""

from tantivy import Occur, Query

from app.search.engine.schema import SCHEMA
from app.search.index import IndexedStory
from app.search.text import text_fields

_WORDS = 25
# What a category in common is worth, beside words in common.
_SAME_CATEGORY = 2.0


def like(story: IndexedStory) -> Query:
    """Return the query for stories that are like one, itself among them."""
    words = Query.more_like_this_document_fields_query(
        SCHEMA,
        text_fields(story.text),
        min_doc_frequency=1,
        min_term_frequency=1,
        max_query_terms=_WORDS,
    )
    parts = [(Occur.Should, words)]
    if story.categories:
        same = Query.term_set_query(SCHEMA, "category", story.categories)
        parts.append((Occur.Should, Query.const_score_query(same, _SAME_CATEGORY)))
    return Query.boolean_query(parts)
