"""Management: the partners that received a story."""

from fastapi import Request, Response

from app.access.scopes import Scope
from app.api.http.dependencies import Parts
from app.api.http.paging import CURSOR, LIMIT, Paging
from app.api.http.parameters import ParameterSet
from app.api.http.responses import list_response
from app.api.openapi.operations import LISTED, READING, describe
from app.api.routes.access_router import AccessRouter
from app.api.schemas.recipients import RecipientPage
from app.content.recipients import list_recipients

router = AccessRouter(prefix="/v1/manage/articles", tags=["Newsroom: articles"])
_LIST = ParameterSet(LIMIT, CURSOR)


@router.get(
    "/{ref}/recipients",
    access=Scope.admin,
    summary="List the partners that received an article",
    response_model=RecipientPage,
    openapi_extra=describe(query=_LIST, problems=(*READING, "not_found"), sends=LISTED),
)
def manage_list_recipients(ref: str, request: Request, services: Parts) -> Response:
    """List which partner received the story, in which version and by which route.

    It also says whether the removal of a story that is not public any more has reached the
    partner. Receipts are written every few seconds.
    """
    values = _LIST.parse(request.scope["query_string"])
    paging = Paging.read(services.cursors, values, request.url.path, 1)
    with services.database.read() as session:
        page = list_recipients(
            session,
            ref,
            services.clock.now(),
            position=str(paging.position[0]) if paging.position else None,
            backwards=paging.backwards,
            limit=paging.limit,
        )
    return list_response(request, services, paging, page)
