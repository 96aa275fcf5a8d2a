"""What a feed selects: everything, a category, source, language or tag, or what is searched for."""

from dataclasses import dataclass

from app.access.selection import Clause
from app.api.delivery.resource import ReadRequest, build_not_found
from app.bootstrap import Services
from app.content.inputs import normalize_language
from app.content.slugs import find_slug_problem
from app.delivery.store.entries import EntryType
from app.kit.ids import normalize_ref
from app.kit.quoting import quote_text
from app.kit.similar_names import find_nearest


@dataclass(frozen=True, slots=True)
class Channel:
    """One kind of feed: its path without the format, its name, and the clauses that select it.

    `moved` says that the slug of the path is a former one, and `path` where it is now. In one
    that is `searched` stories have to hold what `q` says.
    """

    path: str
    name: str | None = None
    clauses: tuple[Clause, ...] = ()
    moved: bool = False
    searched: bool = False


EVERYTHING = Channel("/feeds/latest")
SEARCH = Channel("/feeds/search", searched=True)
_PLACES: dict[EntryType, str] = {"category": "/feeds/categories", "source": "/feeds/sources"}


def category(services: Services, request: ReadRequest, name: str) -> Channel:
    """Return the feed of a category and all below it."""
    return _entry(services, request, "category", name)


def source(services: Services, request: ReadRequest, name: str) -> Channel:
    """Return the feed of a source."""
    return _entry(services, request, "source", name)


def language(services: Services, request: ReadRequest, name: str) -> Channel:
    """Return the feed of a language and all its regions."""
    try:
        tag = normalize_language(name)
    except ValueError:
        head = services.delivery.load_log_state()
        raise build_not_found(request, head, f"{quote_text(name)} is not a BCP 47 tag.") from None
    clause = Clause("language", (tag.lower(),))
    return Channel(f"/feeds/languages/{tag}", tag, (clause,), moved=tag != name)


def tag(services: Services, request: ReadRequest, name: str) -> Channel:
    """Return the feed of a tag by its form as a slug; several spellings may share it."""
    slug = normalize_ref(name)
    if find_slug_problem(slug) is not None:
        raise build_not_found(
            request,
            services.delivery.load_log_state(),
            f"No tag makes the slug {quote_text(name)}.",
        )
    spellings = services.tags.find_spellings(slug, services.delivery.load_log_state().position)
    clause = Clause("tag", spellings)
    return Channel(f"/feeds/tags/{slug}", spellings[0], (clause,), moved=slug != name)


def _entry(services: Services, request: ReadRequest, type_: EntryType, name: str) -> Channel:
    directory, head, _ = services.delivery.load_current()
    ref = normalize_ref(name)
    entry = directory.find(type_, ref)
    found = entry or directory.find_former(type_, ref)
    if found is None:
        guess = find_nearest(ref, directory.list_slugs(type_))
        meant = f" Did you mean {guess!r}?" if guess else ""
        raise build_not_found(request, head, f"There is no {type_} {quote_text(name)}.{meant}")
    path = f"{_PLACES[type_]}/{found.slug}"
    clause = Clause(type_, (found.id,))
    return Channel(path, found.name, (clause,), moved=found.slug != name)
