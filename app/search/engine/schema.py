"""What a story is made of in the engine: fields to search, to filter by, to count and to sort."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.metadata import version

from tantivy import Document, Index, Query, Schema, SchemaBuilder

from app.access.selection import fold
from app.kit import json
from app.kit.bounded_cache import entries_within
from app.kit.clock import from_micros
from app.search import text
from app.search.addresses import normal_address
from app.search.analysis.words import evened
from app.search.index import IndexedStory, Position

# Raised when the fields below change; an index of another version is not opened.
VERSION = 8
# The document that says how far the index has come; no story has such an id.
POSITION_ID = "position"
# Between a folded tag and the tag as it is spelt.
SPELT = "\x1f"

# The engine counts a column with one value for each document many times as fast as any other, and
# each column takes its time. So a language and the ranges that take it in are one value, as is a
# category with those above it; the first categories of a story have a column each, and others
# share one. Where a story, or the document that says how far the index has come, has no value,
# this is it.
NO_VALUE = "-"
# Between what is one value in a column.
TOGETHER = "\x1e"
# Of the code of a category.
_CODE_BYTES = 6
_BRANCH_COLUMNS = tuple(f"branch_{number}" for number in range(3))
_MORE_BRANCHES = "branch_more"
_FILLED = ("source", "kind", "month", "ranges", *_BRANCH_COLUMNS)
BRANCH_COLUMNS = (*_BRANCH_COLUMNS, _MORE_BRANCHES)

# Found by exactly one value or several, and never counted.
_SOUGHT = ("group", "author", "tag", "category", "language")
# Found and counted; a fast field is a column.
_COUNTED = ("source", "ranges", "kind", "month", "begun_tag", *BRANCH_COLUMNS)
_NUMBERS = ("published_at", "updated_at", "tie")

_DAY = 86_400_000_000


def _made() -> Schema:
    builder = SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("state", stored=True)
    for name in _SOUGHT:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in _COUNTED:
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    for name in _NUMBERS:
        builder.add_integer_field(name, fast=True)
    # A slug and an address, as numbers.
    builder.add_integer_field("called", indexed=True)
    text.add_text_fields(builder)
    return builder.build()


SCHEMA = _made()


@cache
def stamp() -> str:
    """Return what tells an index of this version from others."""
    versions = f"{VERSION} {text.VERSION} {version('tantivy')}"
    return hashlib.blake2b(versions.encode(), digest_size=4).hexdigest()


def prepare(index: Index) -> Index:
    """Make an index that was opened ready for reading and writing."""
    text.register(index)
    index.config_reader("manual")
    return index


def document(story: IndexedStory) -> Document:
    """Return a story as the engine keeps it.

    Each value is added as what its field is: one of another type would end the writer.
    """
    made = Document()
    add = made.add_text
    made.add_integer("published_at", story.published_at)
    made.add_integer("updated_at", story.updated_at)
    made.add_integer("tie", tie(story.id))
    made.add_integer("called", called(story.slug))
    if story.url:
        made.add_integer("called", called(normal_address(story.url)))
    add("id", story.id)
    # A group bears the id of its first story, which is found by it.
    if story.group != story.id:
        add("group", story.group)
    _add_terms(story, add)
    _add_columns(story, add)
    text.add_words(story.text, add)
    return made


def _add_terms(story: IndexedStory, add: text.Add) -> None:
    """Add what the story has in common with others, as filters ask for it."""
    for branch in story.branches:
        for category in branch:
            add("category", category)
    for language in story.languages:
        add("language", language)
    for author in set(map(_folded, story.authors)):
        add("author", author)
    # Of spellings of one tag the last stands for it.
    for tag, spelling in {_folded(tag): tag for tag in story.tags}.items():
        add("tag", tag)
        add("begun_tag", _begun(spelling))


def _add_columns(story: IndexedStory, add: text.Add) -> None:
    """Add what is counted, a value to each column."""
    add("source", story.source or NO_VALUE)
    add("kind", story.kind)
    add("month", _month(story.published_at // _DAY))
    add("ranges", TOGETHER.join(story.languages) or NO_VALUE)
    branches = story.branches
    for column, branch in zip(_BRANCH_COLUMNS, branches, strict=False):
        add(column, _coded(branch))
    for column in _BRANCH_COLUMNS[len(branches) :]:
        add(column, NO_VALUE)
    for branch in branches[len(_BRANCH_COLUMNS) :]:
        add(_MORE_BRANCHES, _coded(branch))


def position_document(position: Position) -> Document:
    """Return the document that says how far an index has come."""
    made = Document()
    made.add_text("id", POSITION_ID)
    for name in _FILLED:
        made.add_text(name, NO_VALUE)
    made.add_bytes("state", json.dumps(position))
    return made


def position_of(kept: Document) -> Position:
    """Return how far an index has come, from its document."""
    state = json.loads(kept["state"][0])
    place = state.pop("older_than")
    return Position(**state, older_than=None if place is None else tuple(place))


def tie(id_: str) -> int:
    """Return a number that puts stories of one instant in a lasting order."""
    return int(id_.replace("-", "")[-15:], 16)


def called(name: str) -> int:
    """Return the number by which a story is found that has a slug or an address.

    Nobody reads those out of the index, and a dictionary of long names that differ from story to
    story takes longer to write than one of numbers. Of 64 bits, two names hardly have the same.
    """
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest, signed=True)


def spelt(begun: str) -> str:
    """Return a term of `begun_tag` with the tag folded as filters take it, and as it is spelt."""
    tag = begun.partition(SPELT)[2]
    return f"{fold(tag)}{SPELT}{tag}"


@lru_cache(entries_within(4 * 2**20, 50))
def code(category: str) -> str:
    """Return what stands for a category in columns, eight letters.

    The engine compresses what is longer than two kilobytes, and to open that takes longer than to
    look up a hundred values. Of 48 bits, two categories hardly have the same.
    """
    digest = hashlib.blake2b(category.encode(), digest_size=_CODE_BYTES).digest()
    return b64encode(digest).decode()


def _coded(branch: Sequence[str]) -> str:
    return TOGETHER.join(map(code, branch))


# A few tags and authors stand on most stories; none is longer than this.
_LONGEST_NAME = 200
_folded = lru_cache(entries_within(4 * 2**20, 2 * _LONGEST_NAME))(fold)


@lru_cache(entries_within(4 * 2**20, 3 * _LONGEST_NAME))
def _begun(tag: str) -> str:
    """Return the term by which a tag is completed and counted."""
    return f"{evened(tag)}{SPELT}{tag}"


# Stories are written by and large in the order of their days.
@lru_cache(maxsize=1_000)
def _month(day: int) -> str:
    moment = from_micros(day * _DAY)
    return f"{moment.year:04}-{moment.month:02}"


def every_story() -> Query:
    """Return the query that all stories fit."""
    return Query.exists_query("published_at")
