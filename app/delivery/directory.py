"""Sources and categories in memory, as bytes: what stories are joined with when read.

A directory is never changed. A newer one takes its place when the log says that a source or
category changed (see `queries`). To join stories with it, nothing is read and nothing waited for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from app.access.selection import language_ranges
from app.delivery import store
from app.delivery.query import Form
from app.delivery.store.entries import EntryType
from app.delivery.store.reading import ShortRow, StoryRow, WholeRow
from app.kit import json
from app.kit.bounded_cache import BoundedCache
from app.kit.clock import format_instant
from app.kit.sql.session import ReadSession

# Stories stand in few combinations of source and categories, which are joined once: bytes of them,
# and what an entry takes besides its texts.
_MOST_JOINED, _OF_AN_ENTRY = 4 * 2**20, 300
# The same of a directory whose categories are named in other languages.
_MOST_JOINED_NAMED = 512 * 1024
# Bytes of directories with categories named in orders of languages, and what each category of
# one takes besides its texts.
_MOST_NAMED, _OF_A_CATEGORY = 16 * 2**20, 500

Joined = BoundedCache[tuple[str | None, str], bytes]
Named = BoundedCache[tuple[str, ...], "Directory"]


def _none_joined(most: int = _MOST_JOINED) -> Joined:
    return BoundedCache(most, lambda key, made: _OF_AN_ENTRY + len(key[1]) + len(made))


def _none_named() -> Named:
    return BoundedCache(_MOST_NAMED, lambda _, made: made.weight)


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """One source or category: `brief` as in a story, `whole` as it is served by itself."""

    id: str
    slug: str
    name: str
    parent_id: str | None
    brief: bytes
    whole: bytes


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything by id, in the order of slugs, and the ids behind slugs old and new."""

    position: tuple[int, int | None]
    entries: dict[EntryType, dict[str, DirectoryEntry]]
    ids: dict[EntryType, dict[str, str]]
    former: dict[EntryType, dict[str, str]]
    sources: dict[str, bytes] = field(default_factory=dict)
    categories: dict[str, bytes] = field(default_factory=dict)
    # What `between` has returned, for those who ask for many.
    joined: Joined = field(default_factory=_none_joined, repr=False)
    _named: Named = field(default_factory=_none_named, repr=False)
    _names: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    @property
    def weight(self) -> int:
        """Bytes that its categories take, with what it joins of them, about."""
        texts = (len(one.brief) + len(one.whole) for one in self.entries["category"].values())
        return _MOST_JOINED_NAMED + sum(_OF_A_CATEGORY + length for length in texts)

    def find(self, type_: EntryType, ref: str) -> DirectoryEntry | None:
        """Return the entry with an id or a current slug."""
        id_ = self.ids[type_].get(ref, ref)
        return self.entries[type_].get(id_)

    def find_former(self, type_: EntryType, slug: str) -> DirectoryEntry | None:
        """Return the entry that once had a slug."""
        return self.entries[type_].get(self.former[type_].get(slug, ""))

    def resolve(self, type_: EntryType, ref: str) -> str | None:
        """Return the id of the entry with an id or a slug, old or new."""
        known = self.entries[type_]
        id_ = self.ids[type_].get(ref, ref)
        if id_ not in known:
            id_ = self.former[type_].get(ref, "")
        return id_ if id_ in known else None

    def slugs(self, type_: EntryType) -> Sequence[str]:
        """Return all current slugs of a type."""
        return list(self.ids[type_])

    def between(self, source_id: str | None, category_ids: str) -> bytes:
        """Return what stands between the stored pieces of a story: its source and categories.

        Categories are given as their ids with commas.
        """
        known = self.joined.get((source_id, category_ids))
        if known is not None:
            return known
        source = self.sources.get(source_id, b"null") if source_id else b"null"
        briefs = self.categories
        found = [briefs[one] for one in category_ids.split(",") if one in briefs]
        joined = b',"source":%b,"categories":[%b],' % (source, b",".join(found))
        self.joined[source_id, category_ids] = joined
        return joined

    def named(self, languages: tuple[str, ...]) -> "Directory":
        """Return the same with categories named in the first of these languages that they have.

        Those of which none is known keep their own name. Only languages in which anything is
        named tell one such directory from another.
        """
        if not languages:
            return self
        if not self._names:
            self._names.update(_names_of(self.entries["category"].values()))
        spoken = {one for names in self._names.values() for one in names}
        wanted = tuple(one for one in wider(languages) if one in spoken)
        if not wanted:
            return self
        known = self._named.get(wanted)
        if known is None:
            known = self._named[wanted] = self._renamed(wanted)
        return known

    def _renamed(self, wanted: tuple[str, ...]) -> "Directory":
        own = self.entries["category"]
        renamed = {id_: _renamed(one, self._names[id_], wanted) for id_, one in own.items()}
        return replace(
            self,
            entries={**self.entries, "category": renamed},
            categories={id_: one.brief for id_, one in renamed.items()},
            joined=_none_joined(_MOST_JOINED_NAMED),
            _named=_none_named(),
        )


def wider(languages: Iterable[str]) -> tuple[str, ...]:
    """Return language tags in lower case, each followed by what takes it in: `fr-ca`, `fr`."""
    return tuple(
        dict.fromkeys(range_ for one in languages for range_ in reversed(language_ranges(one)))
    )


def _names_of(categories: Iterable[DirectoryEntry]) -> dict[str, dict[str, str]]:
    """Return the names of each category by language, in lower case."""
    found = ((one.id, json.loads(one.whole)["names"]) for one in categories)
    return {id_: {tag.lower(): name for tag, name in names.items()} for id_, names in found}


def _renamed(
    entry: DirectoryEntry, names: dict[str, str], wanted: tuple[str, ...]
) -> DirectoryEntry:
    name = next((names[one] for one in wanted if one in names), None)
    if name is None:
        return entry
    brief, whole = (
        json.dumps(json.loads(one) | {"name": name}) for one in (entry.brief, entry.whole)
    )
    return replace(entry, name=name, brief=brief, whole=whole)


def load(session: ReadSession, position: tuple[int, int | None]) -> Directory:
    """Read everything; `position` is that of the last log row about one of them."""
    entries: dict[EntryType, dict[str, DirectoryEntry]] = {"source": {}, "category": {}}
    for row in sorted(store.entries(session), key=lambda row: row.slug):
        entries[row.type][row.id] = DirectoryEntry(
            row.id, row.slug, row.name, row.parent_id, row.brief, row.whole
        )
    categories = entries["category"]
    entries["category"] = {id_: _placed(one, categories) for id_, one in categories.items()}
    former: dict[EntryType, dict[str, str]] = {"source": {}, "category": {}}
    for redirect in store.redirects(session):
        if redirect.type != "article":
            former[redirect.type][redirect.slug] = redirect.id
    return Directory(
        position=position,
        entries=entries,
        ids={
            type_: {one.slug: one.id for one in known.values()} for type_, known in entries.items()
        },
        former=former,
        sources={one.id: one.brief for one in entries["source"].values()},
        categories={one.id: one.brief for one in categories.values()},
    )


def _placed(entry: DirectoryEntry, categories: dict[str, DirectoryEntry]) -> DirectoryEntry:
    """Return a category with its place in the tree joined to what is served."""
    path: list[str] = []
    current: DirectoryEntry | None = entry
    while current is not None and current.slug not in path:
        path.insert(0, current.slug)
        current = categories.get(current.parent_id) if current.parent_id else None
    place: dict[str, Any] = {"parent": path[-2] if len(path) > 1 else None, "path": path}
    whole = entry.whole[:-1] + b"," + json.dumps(place)[1:]
    return DirectoryEntry(entry.id, entry.slug, entry.name, entry.parent_id, entry.brief, whole)


def joined_list(rows: Sequence[StoryRow], directory: Directory, form: Form) -> list[bytes]:
    """Return stories in their form."""
    if form != "short":
        return [b"".join(pieces(row, directory)) for row in rows]
    # What most readers ask for. Calls for each story would take as long as joining it.
    known, items = directory.joined.get, []
    for row in rows:
        between = known((row.source_id, row.category_ids))
        if between is None:
            between = directory.between(row.source_id, row.category_ids)
        end = b"}" if row.embargo_until is None else _embargoed_end(row.embargo_until)
        items.append(b"".join((b"{", row.head, between, row.tail, end)))
    return items


def pieces(row: StoryRow, directory: Directory) -> tuple[bytes, ...]:
    """Return the pieces of a story in the form that its row has, for those who join many."""
    between = directory.between(row.source_id, row.category_ids)
    end = b"}" if row.embargo_until is None else _embargoed_end(row.embargo_until)
    if isinstance(row, ShortRow):
        return b"{", row.head, between, row.tail, end
    # Each database writes them in its own way.
    listed = b"[]" if row.translations in {None, "[]"} else _translations(row.translations)
    found = (b"{", row.head, between, row.tail, b",", row.extra, b',"translations":', listed)
    return (*found, b",", row.body, end) if isinstance(row, WholeRow) else (*found, end)


def _embargoed_end(embargo_until: datetime) -> bytes:
    """Return the end of the object of a story with the embargo under which it is."""
    told = {"embargoed": True, "embargo_until": format_instant(embargo_until)}
    return b"," + json.dumps(told)[1:]


def _translations(found: str | None) -> bytes:
    """Return translations as compact JSON in one order."""
    listed = json.loads(found or "[]")
    return json.dumps(sorted(listed, key=lambda one: (one["language"], one["id"])))
