"""Sources and categories in memory, rendered, ready to be joined with stories.

A directory is immutable. A new one replaces it when the log says that a source or category
changed (see `queries`). Joining stories with it needs no query and no lock.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from app.access.entitlement import PUBLIC, Entitlement
from app.access.selection import language_ranges
from app.delivery import store
from app.delivery.media_removal import remove_image, remove_media
from app.delivery.store.entries import EntryType
from app.delivery.store.story_queries import ShortRow, StoryRow, WholeRow
from app.delivery.story_query import Form
from app.kit import json
from app.kit.bounded_cache import BoundedCache
from app.kit.clock import format_instant
from app.kit.sql.session import ReadSession

# Stories have few combinations of source and categories, so each combination is rendered once.
# The size of this cache in bytes, and the overhead of an entry besides its text.
_PIECE_CACHE_BYTES, _ENTRY_OVERHEAD = 4 * 2**20, 300
# The same for a directory with translated category names.
_TRANSLATED_PIECE_CACHE_BYTES = 512 * 1024
# The size in bytes of the cache of directories with translated category names, and the overhead
# of each category besides its text.
_TRANSLATION_CACHE_BYTES, _CATEGORY_OVERHEAD = 16 * 2**20, 500

PieceCache = BoundedCache[tuple[str | None, str], bytes]
TranslationCache = BoundedCache[tuple[str, ...], "TaxonomyDirectory"]


def _new_piece_cache(most: int = _PIECE_CACHE_BYTES) -> PieceCache:
    return BoundedCache(most, lambda key, made: _ENTRY_OVERHEAD + len(key[1]) + len(made))


def _new_translation_cache() -> TranslationCache:
    return BoundedCache(_TRANSLATION_CACHE_BYTES, lambda _, made: made.weight)


@dataclass(frozen=True, slots=True)
class TaxonomyEntry:
    """A source or category: `brief` is its form inside a story, `whole` its own document."""

    id: str
    slug: str
    name: str
    parent_id: str | None
    brief: bytes
    whole: bytes


@dataclass(frozen=True, slots=True)
class TaxonomyDirectory:
    """All sources and categories by id, in the order of slugs, and the ids of slugs old and new."""

    position: tuple[int, int | None]
    entries: dict[EntryType, dict[str, TaxonomyEntry]]
    ids: dict[EntryType, dict[str, str]]
    former_ids: dict[EntryType, dict[str, str]]
    sources: dict[str, bytes] = field(default_factory=dict)
    categories: dict[str, bytes] = field(default_factory=dict)
    # What `taxonomy_piece` returned; callers with many stories read it directly.
    piece_cache: PieceCache = field(default_factory=_new_piece_cache, repr=False)
    _translations: TranslationCache = field(default_factory=_new_translation_cache, repr=False)
    _names: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    @property
    def weight(self) -> int:
        """The approximate memory use of the categories and their cache, in bytes."""
        texts = (len(entry.brief) + len(entry.whole) for entry in self.entries["category"].values())
        return _TRANSLATED_PIECE_CACHE_BYTES + sum(_CATEGORY_OVERHEAD + length for length in texts)

    def find(self, type_: EntryType, ref: str) -> TaxonomyEntry | None:
        """Return the entry with an id or a current slug."""
        id_ = self.ids[type_].get(ref, ref)
        return self.entries[type_].get(id_)

    def find_former(self, type_: EntryType, slug: str) -> TaxonomyEntry | None:
        """Return the entry that had a slug before."""
        return self.entries[type_].get(self.former_ids[type_].get(slug, ""))

    def resolve(self, type_: EntryType, ref: str) -> str | None:
        """Return the id of the entry with an id or a slug, current or former."""
        known = self.entries[type_]
        id_ = self.ids[type_].get(ref, ref)
        if id_ not in known:
            id_ = self.former_ids[type_].get(ref, "")
        return id_ if id_ in known else None

    def list_slugs(self, type_: EntryType) -> Sequence[str]:
        """Return all current slugs of a type."""
        return list(self.ids[type_])

    def taxonomy_piece(self, source_id: str | None, category_ids: str) -> bytes:
        """Return the source and categories of a story, which stand between its stored pieces.

        `category_ids` are separated by commas.
        """
        known = self.piece_cache.get((source_id, category_ids))
        if known is not None:
            return known
        source = self.sources.get(source_id, b"null") if source_id else b"null"
        briefs = self.categories
        found = [briefs[id_] for id_ in category_ids.split(",") if id_ in briefs]
        joined = b',"source":%b,"categories":[%b],' % (source, b",".join(found))
        self.piece_cache[source_id, category_ids] = joined
        return joined

    def with_names_in(self, languages: tuple[str, ...]) -> "TaxonomyDirectory":
        """Return a directory with category names in the first of these languages that they have.

        A category without such a name keeps its default name. Languages that no category has a name
        in are ignored, so that few different directories are cached.
        """
        if not languages:
            return self
        if not self._names:
            self._names.update(_collect_names(self.entries["category"].values()))
        spoken = {tag for names in self._names.values() for tag in names}
        wanted = tuple(tag for tag in widen_languages(languages) if tag in spoken)
        if not wanted:
            return self
        known = self._translations.get(wanted)
        if known is None:
            known = self._translations[wanted] = self._translate(wanted)
        return known

    def _translate(self, wanted: tuple[str, ...]) -> "TaxonomyDirectory":
        own = self.entries["category"]
        renamed = {
            id_: _translate_entry(entry, self._names[id_], wanted) for id_, entry in own.items()
        }
        return replace(
            self,
            entries={**self.entries, "category": renamed},
            categories={id_: entry.brief for id_, entry in renamed.items()},
            piece_cache=_new_piece_cache(_TRANSLATED_PIECE_CACHE_BYTES),
            _translations=_new_translation_cache(),
        )


def widen_languages(languages: Iterable[str]) -> tuple[str, ...]:
    """Return language tags in lower case, each followed by its wider ranges: `fr-ca`, `fr`."""
    return tuple(
        dict.fromkeys(range_ for tag in languages for range_ in reversed(language_ranges(tag)))
    )


def _collect_names(categories: Iterable[TaxonomyEntry]) -> dict[str, dict[str, str]]:
    """Return the names of each category by language, in lower case."""
    found = ((entry.id, json.loads(entry.whole)["names"]) for entry in categories)
    return {id_: {tag.lower(): name for tag, name in names.items()} for id_, names in found}


def _translate_entry(
    entry: TaxonomyEntry, names: dict[str, str], wanted: tuple[str, ...]
) -> TaxonomyEntry:
    name = next((names[tag] for tag in wanted if tag in names), None)
    if name is None:
        return entry
    brief, whole = (
        json.dumps(json.loads(piece) | {"name": name}) for piece in (entry.brief, entry.whole)
    )
    return replace(entry, name=name, brief=brief, whole=whole)


def load_directory(session: ReadSession, position: tuple[int, int | None]) -> TaxonomyDirectory:
    """Load all entries; `position` is that of the last log row about a source or category."""
    entries: dict[EntryType, dict[str, TaxonomyEntry]] = {"source": {}, "category": {}}
    for row in sorted(store.load_entries(session), key=lambda row: row.slug):
        entries[row.type][row.id] = TaxonomyEntry(
            row.id, row.slug, row.name, row.parent_id, row.brief, row.whole
        )
    categories = entries["category"]
    entries["category"] = {id_: _add_path(entry, categories) for id_, entry in categories.items()}
    former: dict[EntryType, dict[str, str]] = {"source": {}, "category": {}}
    for redirect in store.load_redirects(session):
        if redirect.type != "article":
            former[redirect.type][redirect.slug] = redirect.id
    return TaxonomyDirectory(
        position=position,
        entries=entries,
        ids={
            type_: {entry.slug: entry.id for entry in known.values()}
            for type_, known in entries.items()
        },
        former_ids=former,
        sources={entry.id: entry.brief for entry in entries["source"].values()},
        categories={entry.id: entry.brief for entry in categories.values()},
    )


def _add_path(entry: TaxonomyEntry, categories: dict[str, TaxonomyEntry]) -> TaxonomyEntry:
    """Add the parent and the path of a category to its document."""
    path: list[str] = []
    current: TaxonomyEntry | None = entry
    while current is not None and current.slug not in path:
        path.insert(0, current.slug)
        current = categories.get(current.parent_id) if current.parent_id else None
    place: dict[str, Any] = {"parent": path[-2] if len(path) > 1 else None, "path": path}
    whole = entry.whole[:-1] + b"," + json.dumps(place)[1:]
    return TaxonomyEntry(entry.id, entry.slug, entry.name, entry.parent_id, entry.brief, whole)


def render_stories(
    rows: Sequence[StoryRow],
    directory: TaxonomyDirectory,
    form: Form,
    entitlement: Entitlement = PUBLIC,
) -> list[bytes]:
    """Render stories in a form, or in that of their grant if it has less."""
    if form != "short":
        return [b"".join(story_pieces(row, directory, entitlement)) for row in rows]
    # The most frequent form. Function calls for each story would double its cost.
    known, grants, items = directory.piece_cache.get, entitlement.grants, []
    for row in rows:
        between = known((row.source_id, row.category_ids))
        if between is None:
            between = directory.taxonomy_piece(row.source_id, row.category_ids)
        tail = row.tail if grants[row.grant].images else remove_image(row.tail)
        end = b"}" if row.embargo_until is None else _render_embargo(row.embargo_until)
        items.append(b"".join((b"{", row.head, between, tail, end)))
    return items


def story_pieces(
    row: StoryRow, directory: TaxonomyDirectory, entitlement: Entitlement = PUBLIC
) -> tuple[bytes, ...]:
    """Return the pieces of a story, for callers that join many pieces.

    It has the form of its row, or that of its grant if that has less.
    """
    grant = entitlement.grants[row.grant]
    tail = row.tail if grant.images else remove_image(row.tail)
    between = directory.taxonomy_piece(row.source_id, row.category_ids)
    end = b"}" if row.embargo_until is None else _render_embargo(row.embargo_until)
    if isinstance(row, ShortRow) or grant.form == "headline":
        return b"{", row.head, between, tail, end
    # SQLite and PostgreSQL write JSON with different whitespace and order.
    listed = b"[]" if row.translations in {None, "[]"} else _render_translations(row.translations)
    found = (b"{", row.head, between, tail, b",", row.extra, b',"translations":', listed)
    if not isinstance(row, WholeRow):
        return *found, end
    return *found, b",", row.body if grant.images else remove_media(row.body), end


def _render_embargo(embargo_until: datetime) -> bytes:
    """Return the end of a story's JSON object with its embargo."""
    embargo = {"embargoed": True, "embargo_until": format_instant(embargo_until)}
    return b"," + json.dumps(embargo)[1:]


def _render_translations(found: str | None) -> bytes:
    """Return translations as compact JSON in a stable order."""
    listed = json.loads(found or "[]")
    return json.dumps(
        sorted(listed, key=lambda translation: (translation["language"], translation["id"]))
    )
