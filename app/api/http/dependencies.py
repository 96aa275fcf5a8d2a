"""What routes ask for in their signatures: services, the caller, headers, the body.

All of them are coroutines, though few wait: the framework sends plain functions to a thread.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Request

from app.access.caller import Caller
from app.access.scopes import Scope
from app.api.http.asgi import state
from app.api.http.conditional import expected_versions, optional_versions
from app.api.http.errors import MalformedJson, UnsupportedMediaType
from app.bootstrap import Services
from app.kit import json
from app.kit.quoting import quoted

# No input has so many levels; what works on it may recurse.
_DEEPEST = 50
# No input has so many values; each may be an error that has to be worded.
_MOST_VALUES = 20_000
MERGE_PATCH = "application/merge-patch+json"


async def services_of(request: Request) -> Services:
    """Return the services that the application was made with."""
    services: Services = request.app.state.services
    return services


async def caller_of(request: Request) -> Caller:
    """Return the caller that the authentication middleware found."""
    caller: Caller = state(request.scope)["caller"]
    return caller


async def note_route(request: Request) -> None:
    """Note the route that answers, for the access log and metrics."""
    state(request.scope)["route"] = request.scope["route"].path


def scoped(scope: Scope) -> Callable[[Caller], Awaitable[Caller]]:
    """Return a dependency that insists on a scope."""

    async def checked(caller: Annotated[Caller, Depends(caller_of)]) -> Caller:
        caller.need(scope)
        return caller

    return checked


async def json_object(request: Request) -> dict[str, Any]:
    """Return the body, which has to be a JSON object."""
    wanted = MERGE_PATCH if request.method == "PATCH" else "application/json"
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent not in {wanted, "application/json"}:
        raise UnsupportedMediaType(
            f"Send the body as {wanted}, not as {quoted(sent or 'nothing')}."
        )
    body = await request.body()
    try:
        value = json.loads(body)
    except json.JSONDecodeError as wrong:
        raise MalformedJson(f"The body is not JSON: {wrong}.") from wrong
    if not isinstance(value, dict):
        raise MalformedJson("The body is JSON, but not an object.")
    if json.is_deeper(value, _DEEPEST):
        raise MalformedJson(f"The body nests deeper than {_DEEPEST} levels.")
    if json.is_larger(value, _MOST_VALUES):
        raise MalformedJson(f"The body has over {_MOST_VALUES} members and items.")
    return value


async def optional_json_object(request: Request) -> dict[str, Any]:
    """Return the body, or an empty object where there is none."""
    if not await request.body():
        return {}
    return await json_object(request)


async def _if_match(if_match: Annotated[str | None, Header()] = None) -> frozenset[int] | None:
    return expected_versions(if_match)


async def _optional_if_match(
    if_match: Annotated[str | None, Header()] = None,
) -> frozenset[int] | None:
    return optional_versions(if_match)


Parts = Annotated[Services, Depends(services_of)]
Anybody = Annotated[Caller, Depends(caller_of)]
Writer = Annotated[Caller, Depends(scoped(Scope.write))]
Publisher = Annotated[Caller, Depends(scoped(Scope.publish))]
Admin = Annotated[Caller, Depends(scoped(Scope.admin))]
Body = Annotated[dict[str, Any], Depends(json_object)]
MaybeBody = Annotated[dict[str, Any], Depends(optional_json_object)]
Expected = Annotated[frozenset[int] | None, Depends(_if_match)]
MaybeExpected = Annotated[frozenset[int] | None, Depends(_optional_if_match)]
