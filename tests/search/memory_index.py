"""An index in memory with a few texts, to search without a database."""

from collections.abc import Sequence

from tantivy import Document, Index, SchemaBuilder

from app.search import text_fields
from app.search.query.compiler import CompiledQuery, compile_query
from app.search.query.parser import parse_query
from app.search.text_fields import StoryText


class MemoryIndex:
    """Texts by name."""

    def __init__(self, **texts: StoryText) -> None:
        builder = SchemaBuilder()
        builder.add_text_field("name", stored=True, tokenizer_name="raw")
        text_fields.add_text_fields(builder)
        self.schema = builder.build()
        index = Index(self.schema)
        text_fields.register_tokenizers(index)
        writer = index.writer(15_000_000, 1)
        for name, story in texts.items():
            fields = {"name": [name], **text_fields.collect_text_fields(story)}
            writer.add_document(Document.from_dict(fields, self.schema))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self.searcher = index.searcher()

    def match(self, typed: str, languages: Sequence[str] = ()) -> CompiledQuery:
        """Return the compiled query."""
        return compile_query(parse_query(typed), self.searcher, self.schema, languages)

    def find(self, typed: str, languages: Sequence[str] = ()) -> list[str]:
        """Return the names of the results, the best first."""
        hits = self.searcher.search(self.match(typed, languages).query, 100).hits
        return [str(self.searcher.doc(address)["name"][0]) for _, address in hits]


def story(body: str, language: str = "en", title: str = "", **more: object) -> StoryText:
    """Return a text."""
    return StoryText(language=language, title=title, body=body, **more)  # type: ignore[arg-type]
