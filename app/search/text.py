"""What the index keeps of the words of a story: its text fields, and how they are filled.

Whoever writes to the index needs to know no language: add the fields to the schema, register the
analysers with each index that is opened, and put what `text_fields` returns into the document.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tantivy import Filter, Index, SchemaBuilder, TextAnalyzerBuilder, Tokenizer

# Raised when stories have to be analysed anew; an index of another version is rebuilt.
VERSION = 1


@dataclass(frozen=True, slots=True)
class StoryText:
    """The words of a story, as people wrote them; the body is plain text."""

    language: str
    title: str
    summary: str = ""
    body: str = ""
    tags: Sequence[str] = ()
    authors: Sequence[str] = ()
    source: str = ""


def add_text_fields(builder: SchemaBuilder) -> None:
    """Add to a schema every field that `text_fields` fills."""
    for name in ("title", "text", "names"):
        builder.add_text_field(name, tokenizer_name="words")


def register(index: Index) -> None:
    """Tell an index how its text fields are analysed; needed each time one is opened or made."""
    words = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.lowercase()).build()
    index.register_tokenizer("words", words)


def text_fields(story: StoryText) -> dict[str, list[str]]:
    """Return the values of the text fields, ready for `Document.from_dict` with a schema."""
    return {
        "title": [story.title],
        "text": [story.summary, story.body],
        "names": [*story.tags, *story.authors, story.source],
    }
