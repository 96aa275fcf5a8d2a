"""Sign-in of people, and the session of a browser."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from fastapi import Request, Response

from app.access.caller import Caller
from app.access.commands.end_sessions import end_sessions
from app.access.commands.exchange_key import exchange_key
from app.access.commands.sign_in_person import sign_in_person
from app.access.errors import RoleRequired, SignInFailed
from app.access.people.return_paths import is_return_path
from app.access.people.sessions import StartedSession, derive_csrf_token
from app.api.http.access import KeyPolicy, SessionPolicy
from app.api.http.asgi import Scope
from app.api.http.clients import client_address
from app.api.http.commands import Commands
from app.api.http.dependencies import CallerDep, Parts
from app.api.http.errors import CrossSiteRequest, PathNotFound
from app.api.http.parameters import STRING, Parameter, ParameterSet, bad, declare_text
from app.api.http.problems import problem_for
from app.api.http.responses import json_response
from app.api.http.sessions import (
    SESSION_COOKIE,
    SIGN_IN_COOKIE,
    build_cookie,
    is_own_origin,
    read_cookie,
    remove_cookie,
)
from app.api.openapi.operations import describe
from app.api.routes.access_router import AccessRouter
from app.api.schemas.people import SessionInfo
from app.bootstrap import Services
from app.kit.clock import format_instant
from app.kit.errors import Failure
from app.kit.sql.unit_of_work import Actor

if TYPE_CHECKING:
    # Imported only if sign-in is configured: the import takes long.
    from app.access.people.sign_in import SignIn

router = AccessRouter(prefix="/auth", tags=["Sign-in"])
_REDIRECT = {303: {"description": "Go to `Location`.", "content": None}}
_ENDED = {204: {"description": "The session has ended.", "content": None}}
_SENDS = ("Set-Cookie",)


def _parse_return_path(name: str, text: str) -> str:
    if not is_return_path(text):
        raise bad(name, "invalid", f"{name!r} is a path of this API, such as /editor/.")
    return text


_RETURN_TO = Parameter(
    "return_to",
    "The path to which the browser goes after the sign-in: one of this host, which begins with "
    "one slash.",
    {**STRING, "default": "/", "examples": ["/editor/"]},
    _parse_return_path,
    "/",
)
_LOGIN = ParameterSet(_RETURN_TO)
_ANSWERED = ("code", "state", "iss", "error")
_CALLBACK = ParameterSet(
    *(declare_text(name, f"`{name}`, as the provider sent it.") for name in _ANSWERED)
)


@router.get(
    "/login",
    access=SessionPolicy.OPEN,
    summary="Start a sign-in",
    status_code=303,
    responses=_REDIRECT,
    openapi_extra=describe(
        query=_LOGIN, problems=("bad_parameter", "not_found", "sign_in_unavailable"), sends=_SENDS
    ),
)
def start_sign_in(request: Request, services: Parts) -> Response:
    """Redirect to the OpenID provider, which redirects back to `/auth/callback`."""
    return_to = _LOGIN.parse(request.scope["query_string"])[_RETURN_TO]
    started = _require_sign_in(services).start(return_to)
    headers = {
        "location": started.url,
        "set-cookie": build_cookie(SIGN_IN_COOKIE, started.cookie, started.lifetime),
    }
    return Response(None, 303, headers)


@router.get(
    "/callback",
    access=SessionPolicy.OPEN,
    summary="Complete a sign-in",
    status_code=303,
    responses=_REDIRECT,
    openapi_extra=describe(
        query=_CALLBACK,
        problems=(
            "sign_in_failed",
            "role_required",
            "not_found",
            "sign_in_unavailable",
            "conflict",
            "database_busy",
        ),
        sends=_SENDS,
    ),
)
def complete_sign_in(request: Request, services: Parts) -> Response:
    """Start a session for the person whom the provider sends back, and go to `return_to`."""
    try:
        response = _complete(request.scope, services)
    except Failure as failure:
        status, headers, body = problem_for(failure, request.scope["state"]["request_id"])
        response = Response(body, status, headers)
    response.headers.append("set-cookie", remove_cookie(SIGN_IN_COOKIE))
    return response


@router.post(
    "/logout",
    access=SessionPolicy.SESSION,
    summary="End the session",
    status_code=204,
    responses=_ENDED,
    openapi_extra=describe(
        problems=("key_required", "conflict", "database_busy"),
        sends=_SENDS,
    ),
)
def end_session(caller: CallerDep, commands: Commands) -> Response:
    """End the session of this browser, but not the session at the provider."""
    assert caller.session_id is not None
    commands.run(partial(end_sessions, ids=[caller.session_id]))
    return Response(None, 204, {"set-cookie": remove_cookie(SESSION_COOKIE)})


@router.post(
    "/session",
    access=KeyPolicy.ANY,
    summary="Exchange a key for a session",
    status_code=200,
    response_model=SessionInfo,
    openapi_extra=describe(
        problems=("key_required", "forbidden", "conflict", "database_busy"),
        sends=_SENDS,
    ),
)
def exchange_key_for_session(
    request: Request, services: Parts, caller: CallerDep, commands: Commands
) -> Response:
    """Start a session with the rights of the key in the header, which ends with the key."""
    if is_own_origin(request.scope, services.settings) is False:
        raise CrossSiteRequest("A session is started by a page of this API, or by no page.")
    former = read_cookie(request.scope, SESSION_COOKIE)
    started = commands.run(partial(exchange_key, caller=caller, former=former))
    response = _describe_session(replace(caller, expires_at=started.expires_at), started.token)
    return _set_session(response, services, started)


@router.get(
    "/session",
    access=SessionPolicy.SESSION,
    summary="Read the session",
    response_model=SessionInfo,
    openapi_extra=describe(problems=("key_required",)),
)
async def read_session(request: Request, caller: CallerDep) -> Response:
    """Return who is signed in, and the CSRF token that changes need."""
    return _describe_session(caller, request.scope["state"]["session_token"])


def _complete(scope: Scope, services: Services) -> Response:
    identity = _require_sign_in(services).complete(
        _read_answer(scope), read_cookie(scope, SIGN_IN_COOKIE)
    )
    address = client_address(scope, services.settings)
    started = services.runner.run(
        Actor(None, identity.name, address, scope["state"]["request_id"]),
        partial(sign_in_person, who=identity, former=read_cookie(scope, SESSION_COOKIE)),
    )
    if started is None:
        raise RoleRequired(f"{identity.name} has no role at the provider that gives access here.")
    response = Response(None, 303, {"location": identity.return_to})
    return _set_session(response, services, started)


def _read_answer(scope: Scope) -> dict[str, str]:
    """Return the parameters of the provider's answer; unknown ones are ignored."""
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    known = [(name, value) for name, value in pairs if name in _ANSWERED]
    if len(dict(known)) != len(known):
        raise SignInFailed("The answer of the provider names a parameter twice. Sign in again.")
    return dict(known)


def _require_sign_in(services: Services) -> "SignIn":
    if services.sign_in is None:
        raise PathNotFound(
            "Sign-in is not configured here. The operator sets DATELINE_OIDC_ISSUER, and the "
            "settings that belong to it."
        )
    return services.sign_in


def _describe_session(caller: Caller, token: str) -> Response:
    assert caller.expires_at is not None
    return json_response(
        {
            "person": caller.person_id,
            "key": caller.key_id,
            "name": caller.name,
            "scopes": list(caller.scopes),
            "csrf_token": derive_csrf_token(token),
            "expires_at": format_instant(caller.expires_at),
        }
    )


def _set_session(response: Response, services: Services, started: StartedSession) -> Response:
    lifetime = started.expires_at - services.clock.now()
    response.headers.append("set-cookie", build_cookie(SESSION_COOKIE, started.token, lifetime))
    return response
