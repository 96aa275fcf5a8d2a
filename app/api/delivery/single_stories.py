"""Single stories, in every format."""

from urllib.parse import quote

from app.api.delivery.feeds import MUCH, no_format
from app.api.delivery.resource import (
    ReadRequest,
    Resource,
    TakesLong,
    delivered,
    nothing_here,
    redirected,
    withdrawn,
)
from app.api.delivery.story_parameters import NAMES_IN, SINGLE_STORY
from app.api.http.access import Reads
from app.api.http.answer import Answer
from app.api.http.fields import STORY_FIELDS
from app.api.http.parameters import NO_PARAMETERS, Values
from app.bootstrap import Services
from app.delivery.invalidation import LogState
from app.delivery.results import LookupResult
from app.kit.ids import normalize_ref
from app.kit.sql.async_reads import AsyncReads
from app.syndication.formats import STORIES

NO_STORY = "No story with this id or slug is public."


def read_story(services: Services, request: ReadRequest, ref: str) -> Answer:
    """Return one story whole, by its id or slug."""
    values = SINGLE_STORY.parse(request.query)
    found = services.delivery.find_story(
        normalize_ref(ref), embargoed=request.reader.embargoed, names_in=values[NAMES_IN]
    )
    return _answer_story(services, request, values, found)


async def await_story(
    services: Services, reads: AsyncReads, request: ReadRequest, ref: str
) -> Answer:
    """Return the same with one statement, if it is there."""
    values = SINGLE_STORY.parse(request.query)
    statement, params, now = services.delivery.prepare_story(
        normalize_ref(ref), embargoed=request.reader.embargoed
    )
    rows = await reads.fetch(statement, params)
    found = services.delivery.finish_story(now, rows, values[NAMES_IN])
    if found is None:
        raise TakesLong
    return _answer_story(services, request, values, found)


def _answer_story(
    services: Services, request: ReadRequest, values: Values, found: LookupResult
) -> Answer:
    if found.body is None:
        return _elsewhere(services, request, found, varies=True)
    fields = values[STORY_FIELDS]
    body = fields.keep(found.body) if fields else found.body
    base = f"{services.settings.public_url or ''}{quote(request.path)}"
    others = {form.media_type: f"{base}.{ext}" for ext, form in STORIES.items()}
    return delivered(request, body, found.log_state, keys=found.keys, alternates=others)


def read_story_as(services: Services, request: ReadRequest, ref: str, ext: str) -> Answer:
    """Return one story in another format, by the extension of its path."""
    NO_PARAMETERS.parse(request.query)
    form = STORIES.get(ext)
    if form is None:
        raise nothing_here(request, services.delivery.load_log_state(), no_format(ext, STORIES))
    embargoed = form.marks_embargo and request.reader.embargoed
    found = services.delivery.find_story(normalize_ref(ref), embargoed=embargoed)
    document = found.body
    if document is None:
        return _elsewhere(services, request, found, f".{ext}")
    if len(document) > MUCH:
        request.leave_loop()
    body = form.render(services.items.load(document))
    return delivered(request, body, found.log_state, keys=found.keys, media_type=form.media_type)


def _elsewhere(
    services: Services,
    request: ReadRequest,
    found: LookupResult,
    ending: str = "",
    *,
    varies: bool = False,
) -> Answer:
    """Redirect to where a story is now, or raise what its readers are told instead."""
    if found.moved_to is not None:
        path = f"/v1/articles/{found.moved_to}{ending}"
        return redirected(services, request, path, found.log_state, varies=varies)
    raise story_absent(request, found.log_state, found, varies=varies)


def story_absent(
    request: ReadRequest, head: LogState, found: LookupResult, *, varies: bool = False
) -> Exception:
    """Return the failure for a story that is not visible: it was withdrawn, or never was."""
    if found.notice is not None:
        return withdrawn(request, head, found.notice, varies=varies)
    return nothing_here(request, head, NO_STORY, varies=varies)


STORY = Resource("/v1/articles/{ref}", Reads.STORIES, read_story, SINGLE_STORY, awaited=await_story)
STORY_AS = Resource("/v1/articles/{ref}.{ext}", Reads.STORIES, read_story_as, NO_PARAMETERS)
