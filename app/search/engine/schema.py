"""The engine's schema: fields to search, to filter by, to count and to sort by."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.metadata import version
from unicodedata import unidata_version

from tantivy import Document, Index, Query, Schema, SchemaBuilder

from app.access.selection import fold
from app.kit import json
from app.kit.bounded_cache import entries_within
from app.kit.clock import from_micros
from app.search import text_fields
from app.search.analysis.tokenizer import normalize_text
from app.search.index import IndexedStory, IndexPosition
from app.search.urls import normalize_url

# Increase this when the fields below change; an index of another version is not opened.
VERSION = 9
# The document with the log position; no story has this id.
POSITION_ID = "position"
# Between a folded tag and its spelling.
SPELLING_SEPARATOR = "\x1f"

# A column with one value for each document is counted many times as fast as any other, and each
# column costs time. So a language and its ranges are one value, and so are a category and its
# ancestors. The first categories of a story have a column each, the others share one. This is the
# value of a document that has none.
NO_VALUE = "-"
# Between the parts of one column value.
VALUE_SEPARATOR = "\x1e"
# Length of a category code.
_CODE_BYTES = 6
_BRANCH_COLUMNS = tuple(f"branch_{number}" for number in range(3))
_MORE_BRANCHES = "branch_more"
_FILLED = ("source", "kind", "month", "ranges", *_BRANCH_COLUMNS)
BRANCH_COLUMNS = (*_BRANCH_COLUMNS, _MORE_BRANCHES)

# Filtered by exact values, never counted.
_FILTER_FIELDS = ("group", "author", "tag", "label", "category", "language")
# Filtered and counted; a fast field is a column.
_COLUMN_FIELDS = ("source", "ranges", "kind", "month", "begun_tag", *BRANCH_COLUMNS)
_NUMBERS = ("published_at", "updated_at", "tie")

_DAY = 86_400_000_000


def _build_schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("state", stored=True)
    for name in _FILTER_FIELDS:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in _COLUMN_FIELDS:
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    for name in _NUMBERS:
        builder.add_integer_field(name, fast=True)
    # Slug and URL, as hashes.
    builder.add_integer_field("called", indexed=True)
    text_fields.add_text_fields(builder)
    return builder.build()


SCHEMA = _build_schema()


@cache
def version_stamp() -> str:
    """Return a name for this version of schema, text fields, engine and Unicode."""
    # Folding depends on the Unicode version.
    parts = (VERSION, text_fields.VERSION, version("tantivy"), unidata_version)
    versions = " ".join(map(str, parts))
    return hashlib.blake2b(versions.encode(), digest_size=4).hexdigest()


def prepare_index(index: Index) -> Index:
    """Register the tokenizers of an index and set how it reloads."""
    text_fields.register_tokenizers(index)
    index.config_reader("manual")
    return index


def build_document(story: IndexedStory) -> Document:
    """Return a story as a document of the engine.

    Each value is added with the type of its field: a value of another type would end the writer.
    """
    document = Document()
    add = document.add_text
    document.add_integer("published_at", story.published_at)
    document.add_integer("updated_at", story.updated_at)
    document.add_integer("tie", tie_breaker(story.id))
    document.add_integer("called", hash_name(story.slug))
    if story.url:
        document.add_integer("called", hash_name(normalize_url(story.url)))
    add("id", story.id)
    # A group has the id of its first story, which the `id` field already matches.
    if story.group != story.id:
        add("group", story.group)
    _add_terms(story, add)
    _add_columns(story, add)
    text_fields.add_text(story.text, add)
    return document


def _add_terms(story: IndexedStory, add: text_fields.AddField) -> None:
    """Add the values that filters look for."""
    for branch in story.branches:
        for category in branch:
            add("category", category)
    for language in story.languages:
        add("language", language)
    for author in set(map(_fold_cached, story.authors)):
        add("author", author)
    # Folded already.
    for label in story.labels:
        add("label", label)
    # Of several spellings of one tag the last one is kept.
    for tag, spelling in {_fold_cached(tag): tag for tag in story.tags}.items():
        add("tag", tag)
        add("begun_tag", _completion_term(spelling))


def _add_columns(story: IndexedStory, add: text_fields.AddField) -> None:
    """Add the values that are counted, one for each column."""
    add("source", story.source or NO_VALUE)
    add("kind", story.kind)
    add("month", _month_of(story.published_at // _DAY))
    add("ranges", VALUE_SEPARATOR.join(story.languages) or NO_VALUE)
    branches = story.branches
    for column, branch in zip(_BRANCH_COLUMNS, branches, strict=False):
        add(column, _encode_branch(branch))
    for column in _BRANCH_COLUMNS[len(branches) :]:
        add(column, NO_VALUE)
    for branch in branches[len(_BRANCH_COLUMNS) :]:
        add(_MORE_BRANCHES, _encode_branch(branch))


def build_position_document(position: IndexPosition) -> Document:
    """Return the document with the log position."""
    document = Document()
    document.add_text("id", POSITION_ID)
    for name in _FILLED:
        document.add_text(name, NO_VALUE)
    document.add_bytes("state", json.dumps(position))
    return document


def parse_position(document: Document) -> IndexPosition:
    """Return the log position from its document."""
    state = json.loads(document["state"][0])
    place = state.pop("older_than")
    return IndexPosition(**state, older_than=None if place is None else tuple(place))


def tie_breaker(id_: str) -> int:
    """Return a number that orders stories of the same instant, derived from the id."""
    return int(id_.replace("-", "")[-15:], 16)


def hash_name(name: str) -> int:
    """Return the hash by which a story is found by slug or URL.

    Nobody reads these names from the index, and a dictionary of long unique names takes longer to
    write than one of numbers. With 64 bits collisions are negligible.
    """
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def to_facet_key(begun: str) -> str:
    """Return a term of `begun_tag` as folded tag, separator and spelling."""
    tag = begun.partition(SPELLING_SEPARATOR)[2]
    return f"{fold(tag)}{SPELLING_SEPARATOR}{tag}"


@lru_cache(entries_within(4 * 2**20, 50))
def encode_category(category: str) -> str:
    """Return a code of eight letters for a category column.

    The engine compresses values above two kilobytes, and decompressing takes longer than a hundred
    look-ups. With 48 bits collisions are negligible.
    """
    digest = hashlib.blake2b(category.encode(), digest_size=_CODE_BYTES).digest()
    return b64encode(digest).decode()


def _encode_branch(branch: Sequence[str]) -> str:
    return VALUE_SEPARATOR.join(map(encode_category, branch))


# A few tags and authors occur in most stories; none is longer than this.
_LONGEST_NAME = 200
_fold_cached = lru_cache(entries_within(4 * 2**20, 2 * _LONGEST_NAME))(fold)


@lru_cache(entries_within(4 * 2**20, 3 * _LONGEST_NAME))
def _completion_term(tag: str) -> str:
    """Return the term by which a tag is completed and counted."""
    return f"{normalize_text(tag)}{SPELLING_SEPARATOR}{tag}"


# Stories are mostly indexed in the order of their days.
@lru_cache(maxsize=1_000)
def _month_of(day: int) -> str:
    moment = from_micros(day * _DAY)
    return f"{moment.year:04}-{moment.month:02}"


def all_stories() -> Query:
    """Return a query for all stories."""
    return Query.exists_query("published_at")
