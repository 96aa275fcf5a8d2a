"""The text fields of the index, and how they are filled.

The engine adds the fields to its schema, registers the tokenizers with each index that it opens,
and calls `add_text` for each document; it needs no knowledge of languages.

The words of all stories are in one field, folded but not stemmed. So a word has one weight in all
languages, and a story is found even if its language is wrong. Another field has the words of title
and summary, for readers who may not read the body. The other fields only weight a word by where it
occurs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tantivy import Index, SchemaBuilder

from app.search.analysis.folding import fold_text
from app.search.analysis.languages import primary_language
from app.search.analysis.tokenizer import build_analyzer
from app.search.analysis.trigrams import build_trigram_analyzer, transliterate

# Increase this when stories have to be analyzed again; an index of another version is rebuilt.
VERSION = 8

# All words of a story.
TEXT = "text"
# All words of title and summary.
HEADLINE = "headline"
TITLE = "title"
# Tags, authors and source.
NAMES = "names"
# Letter trigrams of words in Arabic script, in title, summary and the beginning of the body. The
# very beginning is added more than once.
TRIGRAMS = "trigrams"
# The language of a story, without region.
LANGUAGE = "spoken"

# Trigrams of whole bodies take twice as long to index, and rank hardly better.
_TRIGRAM_LETTERS = 800
# News begins with what it is about: so many letters, and how many times they are added.
_FIRST_LETTERS, _FIRST_COUNT = 180, 3

# Adds a value to a field of a document.
AddField = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class StoryText:
    """The text of a story, as written; the body is plain text."""

    language: str
    title: str
    summary: str = ""
    body: str = ""
    tags: Sequence[str] = ()
    authors: Sequence[str] = ()
    source: str = ""


def add_text_fields(builder: SchemaBuilder) -> None:
    """Add to a schema every field that `collect_text_fields` fills."""
    for name in (TEXT, HEADLINE, TITLE):
        builder.add_text_field(name, tokenizer_name="words", index_option="position")
    builder.add_text_field(NAMES, tokenizer_name="words", index_option="freq")
    builder.add_text_field(TRIGRAMS, tokenizer_name="trigrams", index_option="freq")
    builder.add_text_field(LANGUAGE, tokenizer_name="raw", index_option="basic")


def register_tokenizers(index: Index) -> None:
    """Register the tokenizers with an index; needed each time an index is opened or created."""
    index.register_tokenizer("words", build_analyzer())
    index.register_tokenizer("trigrams", build_trigram_analyzer())


def collect_text_fields(story: StoryText) -> dict[str, list[str]]:
    """Return the values of the text fields by field name."""
    names = (TEXT, HEADLINE, TITLE, NAMES, TRIGRAMS, LANGUAGE)
    fields: dict[str, list[str]] = {name: [] for name in names}
    add_text(story, lambda name, value: fields[name].append(value))
    return fields


def add_text(story: StoryText, add: AddField) -> None:
    """Add the values of the text fields to a document."""
    title, summary, names = fold_text(story.title), fold_text(story.summary), _fold_names(story)
    for name in (TEXT, HEADLINE, TITLE):
        add(name, title)
    if summary:
        for name in (TEXT, HEADLINE):
            add(name, summary)
    body = fold_text(story.body)
    add(TEXT, body)
    for name in names:
        add(TEXT, name)
    if names:
        add(NAMES, " ".join(names))
    if letters := transliterate(f"{title} {summary} {body[:_TRIGRAM_LETTERS]}"):
        add(TRIGRAMS, " ".join([letters, *[letters[:_FIRST_LETTERS]] * (_FIRST_COUNT - 1)]))
    add(LANGUAGE, primary_language(story.language))


def _fold_names(story: StoryText) -> list[str]:
    return [fold_text(name) for name in (*story.tags, *story.authors, story.source) if name]
