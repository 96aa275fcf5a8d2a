"""Lists of stories, and single ones in every format."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal, NoReturn
from urllib.parse import quote

from app.api.delivery.feeds import MUCH, no_format
from app.api.delivery.resource import (
    ReadRequest,
    Resource,
    TakesLong,
    delivered,
    feed_alternates,
    nothing_here,
    redirected,
    withdrawn,
)
from app.api.delivery.story_parameters import ARTICLE_LIST, HEADLINE_LIST, NAMES_IN, SINGLE_STORY
from app.api.delivery.story_query import (
    FindIds,
    ListRequest,
    full_form,
    list_body,
    narrow_keys,
    read_query,
    with_ids,
)
from app.api.http.access import Reads
from app.api.http.answer import Answer
from app.api.http.fields import HEADLINE_FIELDS, STORY_FIELDS
from app.api.http.paging import Links
from app.api.http.parameters import NO_PARAMETERS, Values
from app.bootstrap import Services
from app.delivery.directory import Directory
from app.delivery.freshness import LISTS, Head
from app.delivery.query import Form
from app.delivery.results import Found, Page
from app.kit.awaited import AwaitedReads
from app.kit.bounded import BoundedCache
from app.kit.errors import BadParameter
from app.kit.ids import normal_ref
from app.syndication.formats import STORIES

NO_STORY = "No story with this id or slug is public."
_Kind = Literal["headlines", "articles"]
# Bytes of parsed queries that are kept; each takes some 3 kB, and holds its text many times.
_MOST_BYTES, _OF_A_QUERY, _TIMES = 8 * 2**20, 3_000, 40


@dataclass(frozen=True, slots=True)
class _List:
    """A parsed list, its links and alternates, and its cache dependencies."""

    asked: ListRequest
    links: Links
    alternates: Mapping[str, str]
    narrow: tuple[str, ...]


class _ParsedLists:
    """Parsed queries of lists; a slug means the same for as long as the directory is the same.

    Parsing takes as long as all else that is done for a list.
    """

    def __init__(self) -> None:
        self._known: BoundedCache[tuple[str, bytes, bool, bool], _List] = BoundedCache(
            _MOST_BYTES, lambda key, _: _OF_A_QUERY + _TIMES * len(key[1])
        )
        self._directory: Directory | None = None

    def get(
        self,
        services: Services,
        request: ReadRequest,
        kind: _Kind,
        directory: Directory,
        find_ids: FindIds,
    ) -> _List:
        """Parse a query, unless that was done before."""
        if directory is not self._directory:
            self._known.clear()
            self._directory = directory
        reader = request.reader
        key = (request.path, request.query, reader.embargoed, reader.key_id is not None)
        known = self._known.get(key)
        if known is None:
            known = _parse(services, request, kind, directory, find_ids)
            # Which story has a slug changes without the directory.
            if not known.asked.by_slug:
                self._known[key] = known
        return known


parsed_lists = _ParsedLists()


def list_stories(services: Services, request: ReadRequest, kind: _Kind) -> Answer:
    """Return a page of stories: headlines in short form, articles in full or with their bodies."""
    current = services.delivery.current()
    parsed = parsed_lists.get(services, request, kind, current.directory, services.delivery.ids_of)
    if not parsed.asked.query.is_short:
        request.leave_loop()
    return _answer_list(request, parsed, services.delivery.stories(parsed.asked.query, current))


async def await_stories(
    services: Services, reads: AwaitedReads, request: ReadRequest, kind: _Kind
) -> Answer:
    """Return the same with one statement, without a count."""
    directory = services.delivery.loaded
    if directory is None:
        raise TakesLong
    try:
        parsed = parsed_lists.get(services, request, kind, directory, _find_later)
    except BadParameter:
        # What it names may be new.
        raise TakesLong from None
    query = parsed.asked.query
    if query.count is not None:
        raise TakesLong
    statement, params, now = services.delivery.ask_page(query)
    page = services.delivery.answer_page(query, now, await reads.fetch(statement, params))
    if page is None:
        raise TakesLong
    return _answer_list(request, parsed, page)


def _answer_list(request: ReadRequest, parsed: _List, page: Page) -> Answer:
    body, cursors = list_body(parsed.asked, page)
    return delivered(
        request,
        body,
        page.head,
        keys=(LISTS,),
        links=parsed.links.by_relation(cursors),
        alternates=parsed.alternates,
        narrow=parsed.narrow,
    )


def _find_later(_: Collection[str]) -> NoReturn:
    """Refuse to find ids by slugs, which is one statement more."""
    raise TakesLong


def _parse(
    services: Services,
    request: ReadRequest,
    kind: _Kind,
    directory: Directory,
    find_ids: FindIds,
) -> _List:
    reader = request.reader
    form: Form = "short"
    accepted = HEADLINE_LIST if kind == "headlines" else ARTICLE_LIST
    values, by_slug = with_ids(accepted.parse(request.query), find_ids)
    if kind == "headlines":
        fields = values[HEADLINE_FIELDS]
    else:
        form, fields = full_form(values)
    query, paging = read_query(
        services,
        values,
        request.path,
        form,
        references=directory,
        embargoed=reader.embargoed,
        counts_all=reader.key_id is not None,
    )
    asked = ListRequest(query, fields, paging, by_slug)
    links = Links.of(request.path, request.query, services.settings.public_url or "")
    alternates = feed_alternates(services, request.query, "/feeds/latest")
    return _List(asked, links, alternates, narrow_keys(asked))


def read_story(services: Services, request: ReadRequest, ref: str) -> Answer:
    """Return one story whole, by its id or slug."""
    values = SINGLE_STORY.parse(request.query)
    found = services.delivery.story(
        normal_ref(ref), embargoed=request.reader.embargoed, names_in=values[NAMES_IN]
    )
    return _answer_story(services, request, values, found)


async def await_story(
    services: Services, reads: AwaitedReads, request: ReadRequest, ref: str
) -> Answer:
    """Return the same with one statement, if it is there."""
    values = SINGLE_STORY.parse(request.query)
    statement, params, now = services.delivery.ask_story(
        normal_ref(ref), embargoed=request.reader.embargoed
    )
    rows = await reads.fetch(statement, params)
    found = services.delivery.answer_story(now, rows, values[NAMES_IN])
    if found is None:
        raise TakesLong
    return _answer_story(services, request, values, found)


def _answer_story(services: Services, request: ReadRequest, values: Values, found: Found) -> Answer:
    if found.body is None:
        return _elsewhere(services, request, found, varies=True)
    fields = values[STORY_FIELDS]
    body = fields.keep(found.body) if fields else found.body
    base = f"{services.settings.public_url or ''}{quote(request.path)}"
    others = {form.media_type: f"{base}.{ext}" for ext, form in STORIES.items()}
    return delivered(request, body, found.head, keys=found.keys, alternates=others)


def read_story_as(services: Services, request: ReadRequest, ref: str, ext: str) -> Answer:
    """Return one story in another format, by the extension of its path."""
    NO_PARAMETERS.parse(request.query)
    form = STORIES.get(ext)
    if form is None:
        raise nothing_here(request, services.delivery.head(), no_format(ext, STORIES))
    embargoed = form.tells_embargo and request.reader.embargoed
    found = services.delivery.story(normal_ref(ref), embargoed=embargoed)
    document = found.body
    if document is None:
        return _elsewhere(services, request, found, f".{ext}")
    if len(document) > MUCH:
        request.leave_loop()
    body = form.render(services.items.of(document))
    return delivered(request, body, found.head, keys=found.keys, media_type=form.media_type)


def _elsewhere(
    services: Services,
    request: ReadRequest,
    found: Found,
    ending: str = "",
    *,
    varies: bool = False,
) -> Answer:
    """Redirect to where a story is now, or raise what its readers are told instead."""
    if found.moved_to is not None:
        path = f"/v1/articles/{found.moved_to}{ending}"
        return redirected(services, request, path, found.head, varies=varies)
    raise story_absent(request, found.head, found, varies=varies)


def story_absent(
    request: ReadRequest, head: Head, found: Found, *, varies: bool = False
) -> Exception:
    """Return the failure for a story that is not visible: it was withdrawn, or never was."""
    if found.gone is not None:
        return withdrawn(request, head, found.gone, varies=varies)
    return nothing_here(request, head, NO_STORY, varies=varies)


HEADLINES = Resource(
    "/v1/headlines",
    Reads.HEADLINES,
    partial(list_stories, kind="headlines"),
    HEADLINE_LIST,
    awaited=partial(await_stories, kind="headlines"),
)
ARTICLES = Resource(
    "/v1/articles",
    Reads.STORIES,
    partial(list_stories, kind="articles"),
    ARTICLE_LIST,
    awaited=partial(await_stories, kind="articles"),
)
STORY = Resource("/v1/articles/{ref}", Reads.STORIES, read_story, SINGLE_STORY, awaited=await_story)
STORY_AS = Resource("/v1/articles/{ref}.{ext}", Reads.STORIES, read_story_as, NO_PARAMETERS)
