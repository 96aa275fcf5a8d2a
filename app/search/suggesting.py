"""Completions of what somebody types: titles, tags, sources and categories that are public."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from app.delivery.snapshot import Snapshot
from app.delivery.store.entries import EntryType
from app.kit import json
from app.kit.bounded_cache import entries_within
from app.search.analysis.words import evened
from app.search.index import Ask, Reader
from app.search.notations import phrase_notations
from app.search.typed import Typed, understood

# Of tags, sources and categories so many at the most, so that there is room for titles.
_OF_EACH_TYPE = 3
# Letters of the longest name.
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A completion: what to show, of what type it is, and what names it in a filter or path.

    The title of a story under embargo says until when it is, to those who read it before.
    """

    text: str
    type: str
    ref: str
    embargo_until: str | None = None


def suggestions(text: str, limit: int, public: Snapshot, reader: Reader) -> list[Suggestion]:
    """Return completions of a text."""
    begun = evened(text)
    if not begun:
        return []
    notations = {" ".join(one) for one in phrase_notations(text.split())}
    found = [
        *_entries("category", begun, public),
        *_entries("source", begun, public),
        *_tags({begun, *notations}, reader),
        *_titles(text, limit, public, reader),
    ]
    return found[:limit]


def _entries(type_: EntryType, begun: str, public: Snapshot) -> list[Suggestion]:
    found = [
        Suggestion(entry.name, type_, entry.slug)
        for entry in public.directory.entries[type_].values()
        if _completes(begun, entry.name)
    ]
    found.sort(key=lambda one: (not _evened(one.text).startswith(begun), len(one.text), one.text))
    return found[:_OF_EACH_TYPE]


@lru_cache(entries_within(8 * 2**20, 2 * _LONGEST_NAME))
def _evened(name: str) -> str:
    """Even out a name as titles are; there are few, and all are looked at each time."""
    return evened(name)


def _completes(begun: str, name: str) -> bool:
    plain = _evened(name)
    # Without spaces `U.N. Women` begins as `UN`, and `COVID-19` as `covid19`.
    starts = plain.replace(" ", "").startswith(begun.replace(" ", ""))
    return starts or f" {begun}" in plain


def _tags(beginnings: set[str], reader: Reader) -> list[Suggestion]:
    """Return tags that begin with a text in any of its notations, the most used first."""
    found = {tag for begun in beginnings for tag in reader.tags(begun, _OF_EACH_TYPE)}
    most = sorted(found, key=lambda tag: (-tag.count, tag.value))[:_OF_EACH_TYPE]
    return [Suggestion(tag.label, "tag", tag.label) for tag in most]


def _titles(text: str, limit: int, public: Snapshot, reader: Reader) -> Iterator[Suggestion]:
    typed = _titles_only(understood(text))
    if not typed.wanted:
        return
    hits = reader.search(Ask(typed, public.now, limit=limit)).hits
    ids = [hit.id for hit in hits]
    shown = public.render_stories(ids)
    for id_ in ids:
        if id_ in shown:
            story = json.loads(shown[id_])
            yield Suggestion(story["title"], "title", story["slug"], story.get("embargo_until"))


def _titles_only(typed: Typed) -> Typed:
    wanted = tuple(tuple(replace(part, title=True) for part in group) for group in typed.wanted)
    return replace(typed, wanted=wanted, unwanted=(), reference=None)
