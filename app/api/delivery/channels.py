"""Channels of feeds: everything, a category, source, language or tag, or a search."""

from dataclasses import dataclass

from app.access.selection import Clause
from app.api.delivery.resource import ReadRequest, build_not_found
from app.api.http.parameters import build_suggestion
from app.bootstrap import Services
from app.content.inputs import normalize_language
from app.delivery.store.entries import EntryType
from app.kit.ids import normalize_ref
from app.kit.quoting import quote_text
from app.kit.slugs import find_slug_problem


@dataclass(frozen=True, slots=True)
class Channel:
    """The content of a feed: its path without the format, its name, and clauses for its stories.

    `moved` is true if the requested path has a former slug; `path` has the current one. With
    `searched`, `q` selects stories, too.
    """

    path: str
    name: str | None = None
    clauses: tuple[Clause, ...] = ()
    moved: bool = False
    searched: bool = False


EVERYTHING = Channel("/feeds/latest")
SEARCH = Channel("/feeds/search", searched=True)
_PATHS: dict[EntryType, str] = {"category": "/feeds/categories", "source": "/feeds/sources"}


def find_category_channel(services: Services, request: ReadRequest, name: str) -> Channel:
    """Return the channel of a category and all below it."""
    return _find_entry_channel(services, request, "category", name)


def find_source_channel(services: Services, request: ReadRequest, name: str) -> Channel:
    """Return the channel of a source."""
    return _find_entry_channel(services, request, "source", name)


def build_language_channel(services: Services, request: ReadRequest, name: str) -> Channel:
    """Return the channel of a language and all its regions."""
    try:
        tag = normalize_language(name)
    except ValueError:
        head = services.delivery.load_log_state()
        raise build_not_found(request, head, f"{quote_text(name)} is not a BCP 47 tag.") from None
    clause = Clause("language", (tag.lower(),))
    return Channel(f"/feeds/languages/{tag}", tag, (clause,), moved=tag != name)


def find_tag_channel(services: Services, request: ReadRequest, name: str) -> Channel:
    """Return the channel of a tag by its slug; several spellings may share it."""
    slug = normalize_ref(name)
    if find_slug_problem(slug) is not None:
        raise build_not_found(
            request,
            services.delivery.load_log_state(),
            f"No tag makes the slug {quote_text(name)}.",
        )
    spellings = services.tags.find_spellings(slug, services.delivery.load_log_state().position)
    clause = Clause("tag", spellings)
    # The spelling is in stories that a limited reader may not see.
    is_unlimited = request.reader.entitlement.is_unlimited
    title = spellings[0] if is_unlimited else slug.replace("-", " ")
    return Channel(f"/feeds/tags/{slug}", title, (clause,), moved=slug != name)


def _find_entry_channel(
    services: Services, request: ReadRequest, type_: EntryType, name: str
) -> Channel:
    directory, head, _ = services.delivery.load_current()
    ref = normalize_ref(name)
    if not request.reader.entitlement.grants:
        # The reader learns no names, and the feed is empty.
        return Channel(f"{_PATHS[type_]}/{name}", None, (Clause(type_, (ref,)),))
    entry = directory.find(type_, ref)
    found = entry or directory.find_former(type_, ref)
    if found is None:
        suggestion = build_suggestion(ref, directory.list_slugs(type_))
        raise build_not_found(request, head, f"There is no {type_} {quote_text(name)}.{suggestion}")
    path = f"{_PATHS[type_]}/{found.slug}"
    clause = Clause(type_, (found.id,))
    return Channel(path, found.name, (clause,), moved=found.slug != name)
