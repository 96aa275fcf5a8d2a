"""Management: people, and their sessions."""

from functools import partial

from fastapi import Request, Response

from app.access.commands.delete_person import delete_person
from app.access.commands.end_sessions import end_session_of_person
from app.access.people import queries
from app.access.people.sessions import describe_person
from app.access.scopes import Scope
from app.api.http.commands import Commands
from app.api.http.dependencies import Parts
from app.api.http.paging import CURSOR, LIMIT, Paging
from app.api.http.parameters import ParameterSet
from app.api.http.responses import json_response, list_response
from app.api.openapi.operations import DELETED, LISTED, READING, describe
from app.api.routes.access_router import AccessRouter
from app.api.schemas.people import PersonPage, PersonView, SessionPage

router = AccessRouter(prefix="/v1/manage/people", tags=["Newsroom: people"])
_LIST = ParameterSet(LIMIT, CURSOR)
_ENDING = ("not_found", "conflict", "database_busy")


@router.get(
    "",
    access=Scope.admin,
    summary="List people",
    response_model=PersonPage,
    openapi_extra=describe(query=_LIST, problems=READING, sends=LISTED),
)
def manage_list_people(request: Request, services: Parts) -> Response:
    """List who has signed in, the oldest first."""
    values = _LIST.parse(request.scope["query_string"])
    paging = Paging.read(services.cursors, values, request.url.path, 1)
    position = str(paging.position[0]) if paging.position else None
    with services.database.read() as session:
        page = queries.load_people_page(session, paging.limit, position, backwards=paging.backwards)
    return list_response(request, services, paging, page)


@router.get(
    "/{person}",
    access=Scope.admin,
    summary="Read a person",
    response_model=PersonView,
    openapi_extra=describe(problems=("not_found",)),
)
def manage_read_person(person: str, services: Parts) -> Response:
    """Return a person by id."""
    with services.database.read() as session:
        return json_response(describe_person(queries.load_person(session, person)))


@router.delete(
    "/{person}",
    access=Scope.admin,
    summary="Delete a person",
    status_code=204,
    responses=DELETED,
    openapi_extra=describe(problems=_ENDING),
)
def manage_delete_person(person: str, commands: Commands) -> Response:
    """Delete a person and end all their sessions. Needs no `If-Match`.

    The person can sign in again while the provider gives them a role. The audit log keeps the
    name.
    """
    commands.run(partial(delete_person, id_=person))
    return Response(status_code=204)


@router.get(
    "/{person}/sessions",
    access=Scope.admin,
    summary="List the sessions of a person",
    response_model=SessionPage,
    openapi_extra=describe(query=_LIST, problems=(*READING, "not_found"), sends=LISTED),
)
def manage_list_sessions(person: str, request: Request, services: Parts) -> Response:
    """List the sessions of a person, oldest first, with those that ended in the last 30 days."""
    values = _LIST.parse(request.scope["query_string"])
    paging = Paging.read(services.cursors, values, request.url.path, 1)
    position = str(paging.position[0]) if paging.position else None
    with services.database.read() as session:
        page = queries.load_session_page(
            session, person, paging.limit, position, backwards=paging.backwards
        )
    return list_response(request, services, paging, page)


@router.delete(
    "/{person}/sessions/{session}",
    access=Scope.admin,
    summary="End a session of a person",
    status_code=204,
    responses=DELETED,
    openapi_extra=describe(problems=_ENDING),
)
def manage_end_session(person: str, session: str, commands: Commands) -> Response:
    """End a session immediately and permanently. It stays in the list. Needs no `If-Match`."""
    commands.run(partial(end_session_of_person, person_id=person, id_=session))
    return Response(status_code=204)
