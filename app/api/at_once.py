"""What is answered at once: lists and stories that anybody may read, on an embedded database.

Such a read takes less than the steps that lead to a route. So these are made here, from the
same parts as in the routes, without a request in the framework's sense and without waiting for
anything. What is not usual is left to the routes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple
from urllib.parse import quote

from app.access.caller import ANYBODY
from app.api import alternates
from app.api.answers import JSON, NO_STORY, told_instead
from app.api.dependencies import allow_reading
from app.api.edge.entry import Facts, Headers
from app.api.errors import NothingHere
from app.api.links import Links, link_header
from app.api.stories import ListRequest, list_body, narrow_keys, read_list
from app.bootstrap import Services
from app.content.slugs import normal_ref
from app.delivery.directory import Directory
from app.delivery.results import Found
from app.delivery.surrogates import ABSENT, LISTS
from app.kit.bounded import BoundedCache
from app.kit.errors import Failure

_LISTS: Mapping[str, Literal["headlines", "articles"]] = {
    "/v1/headlines": "headlines",
    "/v1/articles": "articles",
}
_STORY = "/v1/articles/"
_STORY_ROUTE = "/v1/articles/{ref}"
# Bytes of what queries mean; each takes some 3 kB, and its text is in it many times.
_MOST_BYTES, _OF_A_QUERY, _TIMES = 8 * 2**20, 3_000, 40


class Answer(NamedTuple):
    """A finished answer: who made it, the headers that are its own, its bytes and its facts."""

    route: str
    status: int
    headers: Headers
    body: bytes
    facts: Facts


class Missing(NamedTuple):
    """Nothing is here: who found out, why, as it is told to readers, and the facts."""

    route: str
    failure: Failure
    facts: Facts


@dataclass(frozen=True, slots=True)
class _List:
    """A list as its query means it, where else it leads, and what it hangs on."""

    asked: ListRequest
    links: Links
    others: Mapping[str, str]
    narrow: tuple[str, ...]


class AtOnce:
    """Answers that take no waiting; what queries mean is remembered with the directory."""

    def __init__(self, services: Services) -> None:
        """Remember nothing yet."""
        self._services = services
        self._embedded = services.database.dialect == "sqlite"
        self._known: BoundedCache[tuple[str, bytes], _List] = BoundedCache(
            _MOST_BYTES, lambda key, _: _OF_A_QUERY + _TIMES * len(key[1])
        )
        self._directory: Directory | None = None

    def answer(self, path: str, query: bytes) -> Answer | Missing | None:
        """Answer anybody who asks for a path with a query, or leave it to the routes.

        What is wrong with the query is raised.
        """
        if not self._embedded:
            return None
        if path in _LISTS:
            return self._list(path, query)
        ref = path.removeprefix(_STORY)
        if query or ref == path or not ref or "/" in ref or "." in ref:
            return None
        return self._story(path, ref)

    def _list(self, path: str, query: bytes) -> Answer | None:
        allow_reading(self._services, ANYBODY, stories=path.startswith("/v1/articles"))
        known = self._understood(path, query)
        if not known.asked.query.is_short:
            return None
        page = self._services.delivery.stories(known.asked.query)
        body, cursors = list_body(known.asked, page)
        facts = Facts(
            page.head.serial, (LISTS,), page.head.changed_at, varies=True, narrow=known.narrow
        )
        fields = facts.fields()
        link = link_header(known.links.by_relation(cursors), known.others, fields)
        return Answer(path, 200, [*_linked(link), *fields], body, facts)

    def _understood(self, path: str, query: bytes) -> _List:
        """Return what a query means; a slug means the same as long as the directory is the same."""
        directory, _ = self._services.delivery.directory()
        if directory is not self._directory:
            self._known.clear()
            self._directory = directory
        known = self._known.get((path, query))
        if known is None:
            known = self._known[path, query] = self._read(path, query)
        return known

    def _read(self, path: str, query: bytes) -> _List:
        services = self._services
        asked = read_list(services, path, query, _LISTS[path], embargoed=False)
        links = Links.of(path, query, services.settings.public_url or "")
        others = alternates.of_list(services, query)
        return _List(asked, links, others, narrow_keys(asked.query))

    def _story(self, path: str, ref: str) -> Answer | Missing:
        allow_reading(self._services, ANYBODY, stories=True)
        found = self._services.delivery.story(normal_ref(ref))
        if found.body is None:
            return _elsewhere(found)
        facts = Facts(found.head.serial, found.keys, found.head.changed_at, varies=True)
        fields = facts.fields()
        link = link_header({}, alternates.of_story(self._services, path), fields)
        headers = [*_linked(link), *fields]
        return Answer(_STORY_ROUTE, 200, headers, found.body, facts)


def _elsewhere(found: Found) -> Answer | Missing:
    """Lead on to where a story is now, or tell what is to be told where it was."""
    facts = Facts(found.head.serial, (ABSENT,), found.head.changed_at, varies=True)
    if found.moved_to is None:
        failure = told_instead(found.gone) if found.gone else NothingHere(NO_STORY)
        return Missing(_STORY_ROUTE, failure, facts)
    location = (b"location", quote(f"{_STORY}{found.moved_to}").encode())
    return Answer(_STORY_ROUTE, 301, [*facts.fields(), location], b"", facts)


def _linked(link: str) -> Headers:
    linked = [(b"link", link.encode())] if link else []
    return [(b"content-type", JSON.encode()), *linked]
