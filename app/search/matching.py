"""From a typed query to one for the engine: built, never parsed."""

from collections.abc import Sequence
from dataclasses import dataclass

from tantivy import Occur, Query, Schema, Searcher

from app.search.typed import Typed


@dataclass(frozen=True, slots=True)
class Match:
    """A query for the engine, and what it was made of.

    `query` scores by relevance; it knows nothing of who may see what. `typed` is what it looks
    for, with misspelt words replaced: give this to `highlights`. `corrected` is that as text if
    any word was replaced.
    """

    query: Query
    typed: Typed
    corrected: str | None = None


def match(typed: Typed, searcher: Searcher, schema: Schema, languages: Sequence[str] = ()) -> Match:
    """Return the query that finds what was typed.

    `languages` are those asked for by a filter, as BCP 47 tags; none means any. The searcher is
    asked how rare words are and which exist. A `reference` is not looked for here: whoever holds
    stories by id and address does that.
    """
    parts = [
        (Occur.Should, Query.term_query(schema, name, word.lower()))
        for group in typed.wanted
        for part in group
        for word in part.words
        for name in ("title", "text", "names")
    ]
    return Match(Query.boolean_query(parts) if parts else Query.all_query(), typed)
