"""What the index keeps of the words of a story: its text fields, and how they are filled.

Whoever writes to the index needs to know no language: add the fields to the schema, register the
analyser with each index that is opened, and let `add_words` add to the document.

All words of all stories stand in one field, folded and otherwise as they were written, so that a
word weighs the same whatever its language, and a story is found even if it names the wrong one.
The other fields are there to weigh a word by where it stands.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tantivy import Index, SchemaBuilder

from app.search.analysis.folding import folded
from app.search.analysis.languages import primary
from app.search.analysis.tokenizer import analyser

# Raised when stories have to be analysed anew; an index of another version is rebuilt.
VERSION = 4

# Every word of a story, wherever it stands.
TEXT = "text"
TITLE = "title"
SUMMARY = "summary"
# Tags, authors, the source.
NAMES = "names"
# The language that a story claims, without region.
SPOKEN = "spoken"

# What adds a value to a field of a document.
Add = Callable[[str, str], None]


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
    for name in (TEXT, TITLE):
        builder.add_text_field(name, tokenizer_name="words", index_option="position")
    for name in (SUMMARY, NAMES):
        builder.add_text_field(name, tokenizer_name="words", index_option="freq")
    builder.add_text_field(SPOKEN, tokenizer_name="raw", index_option="basic")


def register(index: Index) -> None:
    """Tell an index how its text fields are analysed; needed each time one is opened or made."""
    index.register_tokenizer("words", analyser())


def text_fields(story: StoryText) -> dict[str, list[str]]:
    """Return the values of the text fields, by their names."""
    fields: dict[str, list[str]] = {name: [] for name in (TEXT, TITLE, SUMMARY, NAMES, SPOKEN)}
    add_words(story, lambda name, value: fields[name].append(value))
    return fields


def add_words(story: StoryText, add: Add) -> None:
    """Add to a document what its text fields hold, each value with the name of its field."""
    title, summary, names = folded(story.title), folded(story.summary), _names(story)
    add(TEXT, title)
    add(TITLE, title)
    if summary:
        add(TEXT, summary)
        add(SUMMARY, summary)
    add(TEXT, folded(story.body))
    for name in names:
        add(TEXT, name)
    if names:
        add(NAMES, " ".join(names))
    add(SPOKEN, primary(story.language))


def _names(story: StoryText) -> list[str]:
    return [folded(name) for name in (*story.tags, *story.authors, story.source) if name]
