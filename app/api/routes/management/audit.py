"""Management: what was done, by whom."""

from fastapi import Request, Response

from app.access.audit import TYPES, VERBS, audit_page
from app.access.scopes import Scope
from app.access.store.audits import AuditFilter
from app.api.http.dependencies import Parts
from app.api.http.paging import Paging, envelope
from app.api.http.parameters import Parameters
from app.api.http.responses import list_response
from app.api.openapi.operations import READING, describe
from app.api.routes.access_router import AccessRouter
from app.api.schemas.access import AuditPage
from app.kit import json

router = AccessRouter(prefix="/v1/manage/audit", tags=["management: audit"])
_LIST = ("verb", "type", "subject", "key", "since", "until", "limit", "cursor")


@router.get(
    "",
    access=Scope.admin,
    summary="What was done, the last first",
    response_model=AuditPage,
    openapi_extra=describe(query=_LIST, problems=READING),
)
def manage_list_audit(request: Request, services: Parts) -> Response:
    """List every change in the newsroom: who, from where, what, and what differed afterwards."""
    params = Parameters(request.scope["query_string"], _LIST)
    wanted = AuditFilter(
        verb=params.one_of("verb", VERBS),
        type=params.one_of("type", TYPES),
        subject=params.text("subject"),
        key=params.text("key"),
        since=params.instant("since"),
        until=params.instant("until"),
    )
    paging = Paging.read(services.cursors, params, f"{request.url.path}?{wanted!r}", 1)
    position = str(paging.position[0]) if paging.position else None
    with services.database.read() as session:
        found = audit_page(session, wanted, paging.limit, position, backwards=paging.backwards)
    items = [json.dumps(item) for item in found.items]
    body, cursors = envelope(paging, items, found.before, found.after, None)
    return list_response(request, services, body, cursors)
