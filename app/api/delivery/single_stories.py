"""Single stories, in every format."""

from urllib.parse import quote

from app.api.delivery.feeds import MOST_INLINE_BYTES, describe_unknown_format
from app.api.delivery.resource import (
    NeedsWorkerThread,
    ReadRequest,
    Resource,
    build_answer,
    build_gone,
    build_not_found,
    build_redirect,
)
from app.api.delivery.story_parameters import NAMES_IN, SINGLE_STORY
from app.api.http.access import ReadPolicy
from app.api.http.answer import PublicAnswer
from app.api.http.fields import STORY_FIELDS
from app.api.http.parameters import NO_PARAMETERS, Values
from app.bootstrap import Services
from app.delivery.invalidation import LogState
from app.delivery.results import LookupResult, find_sent_stories
from app.kit.ids import normalize_ref
from app.kit.sql.async_reads import AsyncReads
from app.syndication.formats import STORIES

NO_STORY = "No story with this id or slug is public."


def read_story(services: Services, request: ReadRequest, ref: str) -> PublicAnswer:
    """Return a story with its body, by id or slug."""
    values = SINGLE_STORY.parse(request.query)
    found = services.delivery.find_story(
        normalize_ref(ref), entitlement=request.reader.entitlement, names_in=values[NAMES_IN]
    )
    return _answer_story(services, request, values, found)


async def await_story(
    services: Services, reads: AsyncReads, request: ReadRequest, ref: str
) -> PublicAnswer:
    """Return the same with one awaited statement, if the story is visible."""
    values = SINGLE_STORY.parse(request.query)
    entitlement = request.reader.entitlement
    statement, params, now = services.delivery.prepare_story(
        normalize_ref(ref), entitlement=entitlement
    )
    rows = await reads.fetch(statement, params)
    found = services.delivery.finish_story(now, rows, values[NAMES_IN], entitlement)
    if found is None:
        raise NeedsWorkerThread
    return _answer_story(services, request, values, found)


def _answer_story(
    services: Services, request: ReadRequest, values: Values, found: LookupResult
) -> PublicAnswer:
    if found.body is None:
        return _redirect_or_raise(services, request, found, varies=True)
    fields = values[STORY_FIELDS]
    body = fields.keep(found.body) if fields else found.body
    base = f"{services.settings.public_url or ''}{quote(request.path)}"
    others = {form.media_type: f"{base}.{ext}" for ext, form in STORIES.items()}
    return build_answer(
        request,
        body,
        found.log_state,
        surrogate_keys=found.keys,
        alternates=others,
        sent=find_sent_stories([found.body]) if request.reader.partner_id is not None else (),
    )


def read_story_as(services: Services, request: ReadRequest, ref: str, ext: str) -> PublicAnswer:
    """Return a story in another format, by the extension of the path."""
    NO_PARAMETERS.parse(request.query)
    form = STORIES.get(ext)
    if form is None:
        raise build_not_found(
            request, services.delivery.load_log_state(), describe_unknown_format(ext, STORIES)
        )
    entitlement = request.reader.entitlement
    if not form.marks_embargo:
        entitlement = entitlement.without_embargo()
    found = services.delivery.find_story(normalize_ref(ref), entitlement=entitlement)
    document = found.body
    if document is None:
        return _redirect_or_raise(services, request, found, f".{ext}")
    if len(document) > MOST_INLINE_BYTES:
        request.require_worker_thread()
    body = form.render(services.items.load(document))
    return build_answer(
        request,
        body,
        found.log_state,
        surrogate_keys=found.keys,
        media_type=form.media_type,
        sent=find_sent_stories([document]) if request.reader.partner_id is not None else (),
    )


def _redirect_or_raise(
    services: Services,
    request: ReadRequest,
    found: LookupResult,
    ending: str = "",
    *,
    varies: bool = False,
) -> PublicAnswer:
    """Redirect to the current path of a story, or raise a 404 or 410."""
    if found.moved_to is not None:
        path = f"/v1/articles/{found.moved_to}{ending}"
        return build_redirect(services, request, path, found.log_state, varies=varies)
    raise build_not_found_or_gone(request, found.log_state, found, varies=varies)


def build_not_found_or_gone(
    request: ReadRequest, head: LogState, found: LookupResult, *, varies: bool = False
) -> Exception:
    """Build the failure for a story that is not visible: 410 if it has a notice, or else 404."""
    if found.notice is not None:
        return build_gone(request, head, found.notice, varies=varies)
    return build_not_found(request, head, NO_STORY, varies=varies)


STORY = Resource(
    "/v1/articles/{ref}", ReadPolicy.STORIES, read_story, SINGLE_STORY, awaited=await_story
)
STORY_AS = Resource("/v1/articles/{ref}.{ext}", ReadPolicy.STORIES, read_story_as, NO_PARAMETERS)
