"""Suggestions while a user types: titles, tags, sources and categories.

Titles and tags are those of stories that the reader may see. Sources and categories are readable by
everyone who may see any story.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from app.delivery.snapshot import Snapshot
from app.delivery.store.entries import EntryType
from app.kit import json
from app.kit.bounded_cache import entries_within
from app.search.analysis.tokenizer import normalize_text
from app.search.grants import to_index_grants
from app.search.index import Grants, IndexQuery, Reader
from app.search.query.notations import find_phrase_notations
from app.search.query.parser import ParsedQuery, parse_query

# At most so many tags, sources and categories each, so that titles have room.
_MOST_OF_EACH_TYPE = 3
# Letters of the longest name.
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggestion: its text, its type, and the slug or tag for a filter or path.

    A title under embargo, which only entitled readers see, has the end of its embargo.
    """

    text: str
    type: str
    ref: str
    embargo_until: str | None = None


def find_suggestions(text: str, limit: int, public: Snapshot, reader: Reader) -> list[Suggestion]:
    """Return completions of a text."""
    prefix = normalize_text(text)
    grants = to_index_grants(public.entitlement, public.now)
    if not prefix or not grants:
        return []
    notations = {" ".join(notation) for notation in find_phrase_notations(text.split())}
    found = [
        *_complete_entries("category", prefix, public),
        *_complete_entries("source", prefix, public),
        *_complete_tags({prefix, *notations}, reader, grants),
        *_complete_titles(text, limit, public, reader, grants),
    ]
    return found[:limit]


def _complete_entries(type_: EntryType, prefix: str, public: Snapshot) -> list[Suggestion]:
    found = [
        Suggestion(entry.name, type_, entry.slug)
        for entry in public.directory.entries[type_].values()
        if _is_completion(prefix, entry.name)
    ]
    found.sort(
        key=lambda suggestion: (
            not _normalize_name(suggestion.text).startswith(prefix),
            len(suggestion.text),
            suggestion.text,
        )
    )
    return found[:_MOST_OF_EACH_TYPE]


@lru_cache(entries_within(8 * 2**20, 2 * _LONGEST_NAME))
def _normalize_name(name: str) -> str:
    """Normalize a name as titles are; cached, because all names are compared each time."""
    return normalize_text(name)


def _is_completion(prefix: str, name: str) -> bool:
    plain = _normalize_name(name)
    # Without spaces `U.N. Women` begins with `UN`, and `COVID-19` with `covid19`.
    is_start = plain.replace(" ", "").startswith(prefix.replace(" ", ""))
    return is_start or f" {prefix}" in plain


def _complete_tags(prefixes: set[str], reader: Reader, grants: Grants) -> list[Suggestion]:
    """Return tags that begin with a text in any of its notations, the most used first."""
    found = {
        tag
        for prefix in prefixes
        for tag in reader.complete_tags(prefix, _MOST_OF_EACH_TYPE, grants)
    }
    most = sorted(found, key=lambda tag: (-tag.count, tag.value))[:_MOST_OF_EACH_TYPE]
    return [Suggestion(tag.label, "tag", tag.label) for tag in most]


def _complete_titles(
    text: str, limit: int, public: Snapshot, reader: Reader, grants: Grants
) -> Iterator[Suggestion]:
    parsed = _restrict_to_titles(parse_query(text))
    if not parsed.required:
        return
    hits = reader.search(IndexQuery(parsed, public.now, limit=limit, grants=grants)).hits
    ids = [hit.id for hit in hits]
    stories = public.render_stories(ids)
    for id_ in ids:
        if id_ in stories:
            story = json.loads(stories[id_])
            yield Suggestion(story["title"], "title", story["slug"], story.get("embargo_until"))


def _restrict_to_titles(parsed: ParsedQuery) -> ParsedQuery:
    required = tuple(
        tuple(replace(part, title=True) for part in group) for group in parsed.required
    )
    return replace(parsed, required=required, excluded=(), reference=None)
