"""Management: the audit log."""

from fastapi import Request, Response

from app.access.audit import TYPES, VERBS, load_audit_page
from app.access.scopes import Scope
from app.access.store.audit_log import AuditFilter
from app.api.http.dependencies import Parts
from app.api.http.paging import CURSOR, LIMIT, Paging
from app.api.http.parameters import ParameterSet, declare_choice, declare_instant, declare_text
from app.api.http.responses import list_response
from app.api.openapi.operations import LISTED, READING, describe
from app.api.routes.access_router import AccessRouter
from app.api.schemas.access import AuditPage

router = AccessRouter(prefix="/v1/manage/audit", tags=["Newsroom: audit"])
_VERB = declare_choice("verb", "AuditVerb", VERBS, None, "What was done.")
_TYPE = declare_choice("type", "AuditSubjectType", TYPES, None, "What it was done to.")
_SUBJECT = declare_text("subject", "The id of what it was done to.")
_KEY = declare_text("key", "The id of the key that did it.")
_PERSON = declare_text("person", "The id of the person who did it.")
_SINCE = declare_instant("since", "Done at or after this instant or UTC date.")
_UNTIL = declare_instant("until", "Done before this instant or UTC date.")
_LIST = ParameterSet(_VERB, _TYPE, _SUBJECT, _KEY, _PERSON, _SINCE, _UNTIL, LIMIT, CURSOR)


@router.get(
    "",
    access=Scope.admin,
    summary="List the audit",
    response_model=AuditPage,
    openapi_extra=describe(query=_LIST, problems=READING, sends=LISTED),
)
def manage_list_audit(request: Request, services: Parts) -> Response:
    """List who changed what, when and from where, the newest first."""
    values = _LIST.parse(request.scope["query_string"])
    criteria = AuditFilter(
        verb=values[_VERB],
        type=values[_TYPE],
        subject=values[_SUBJECT],
        key=values[_KEY],
        person=values[_PERSON],
        since=values[_SINCE],
        until=values[_UNTIL],
    )
    paging = Paging.read(services.cursors, values, f"{request.url.path}?{criteria!r}", 1)
    position = str(paging.position[0]) if paging.position else None
    with services.database.read() as session:
        found = load_audit_page(
            session, criteria, paging.limit, position, backwards=paging.backwards
        )
    return list_response(request, services, paging, found)
