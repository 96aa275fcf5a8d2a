"""The compared systems: the product, and plain Tantivy with and without a stemmer."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from tantivy import (
    Document,
    Filter,
    Index,
    Occur,
    Query,
    Schema,
    SchemaBuilder,
    Searcher,
    TextAnalyzer,
    TextAnalyzerBuilder,
    Tokenizer,
)

from app.search import text_fields
from app.search.analysis.languages import LANGUAGES, primary_language
from app.search.query.compiler import CompiledQuery, compile_query, loosen_phrases, loosen_words
from app.search.query.parser import ParsedQuery, parse_query
from app.search.text_fields import StoryText

_HEAP_BYTES = 50_000_000


class System(Protocol):
    """Ranks documents for a query."""

    def ranking(self, query: str, depth: int) -> list[str]:
        """Return the ids of documents, the best first."""
        ...


class DatelineSystem:
    """The search of the product, without its boost for recent stories."""

    def __init__(self, documents: Mapping[str, StoryText]) -> None:
        """Index documents in memory."""
        builder = SchemaBuilder().add_text_field("id", stored=True)
        text_fields.add_text_fields(builder)
        self._schema = builder.build()
        self._searcher = _build_index(
            self._schema,
            documents,
            text_fields.register_tokenizers,
            text_fields.collect_text_fields,
        )

    def ranking(self, query: str, depth: int) -> list[str]:
        """Return the ids of documents, the best first."""
        typed = parse_query(query)
        compiled = self._compile(typed)
        ids = self._search(compiled, depth)
        loose = loosen_phrases(typed) or loosen_words(typed, compiled.parsed.languages)
        return ids if ids or loose is None else self._search(self._compile(loose), depth)

    def _compile(self, typed: ParsedQuery) -> CompiledQuery:
        return compile_query(typed, self._searcher, self._schema)

    def _search(self, compiled: CompiledQuery, depth: int) -> list[str]:
        return _ids(self._searcher, compiled.query, depth)


class PlainSystem:
    """Plain Tantivy: any of the words, scored by BM25."""

    def __init__(self, documents: Mapping[str, StoryText], stemmer: str | None = None) -> None:
        """Index documents in memory."""
        builder = SchemaBuilder().add_text_field("id", stored=True)
        self._schema = builder.add_text_field("all", tokenizer_name="bare").build()
        self._analyser = _build_plain(stemmer)
        self._searcher = _build_index(
            self._schema,
            documents,
            lambda index: index.register_tokenizer("bare", self._analyser),
            lambda story: {"all": [" ".join((story.title, story.summary, story.body))]},
        )

    def ranking(self, query: str, depth: int) -> list[str]:
        """Return the ids of documents, the best first."""
        words = dict.fromkeys(self._analyser.analyze(query))
        parts = [(Occur.Should, Query.term_query(self._schema, "all", word)) for word in words]
        return _ids(self._searcher, Query.boolean_query(parts), depth)


def systems(documents: Mapping[str, StoryText], language: str) -> dict[str, System]:
    """Return the systems by name."""
    compared: dict[str, System] = {
        "dateline": DatelineSystem(documents),
        "bm25": PlainSystem(documents),
    }
    known = LANGUAGES.get(primary_language(language))
    if known is not None:
        # The engine has no stemmer for some of the languages.
        with suppress(ValueError):
            compared["bm25 and stemmer"] = PlainSystem(documents, known.stemmer)
    return compared


def _build_plain(stemmer: str | None) -> TextAnalyzer:
    builder = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(40))
    builder = builder.filter(Filter.lowercase())
    return (builder.filter(Filter.stemmer(stemmer)) if stemmer else builder).build()


def _build_index(
    schema: Schema,
    documents: Mapping[str, StoryText],
    register: Callable[[Index], None],
    fields: Callable[[StoryText], Mapping[str, Sequence[str]]],
) -> Searcher:
    index = Index(schema)
    register(index)
    writer = index.writer(_HEAP_BYTES, 1)
    for id_, story in documents.items():
        writer.add_document(Document.from_dict({"id": [id_], **fields(story)}, schema))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    return index.searcher()


def _ids(searcher: Searcher, query: Query, depth: int) -> list[str]:
    hits = searcher.search(query, depth, count=False).hits
    return [str(searcher.doc(address)["id"][0]) for _, address in hits]
