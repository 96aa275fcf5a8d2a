"""Routes of the newsroom: declared like any other, found and called without the framework.

It looks along all routes, twice, and solves dependencies anew for every request. That takes as
long as the transaction of a verb. What a signature asks for is understood here once, by the same
annotations; a route that asks for something else is left to the framework.
"""

import inspect
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, TypeGuard, get_args, get_origin, get_type_hints

from fastapi import FastAPI, Request, Response
from fastapi.params import Depends, Header
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from app.api.edge.asgi import App, Receive, Scope, Send, state

_Solve = Callable[[Request], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class _Known:
    """A route, its place among the others, where its parts stand, and what answers."""

    place: int
    route: APIRoute
    parts: Mapping[int, str]
    answer: _Solve


class ManagedRoutes:
    """Stands in front of the framework, and answers for the routes that it knows."""

    def __init__(self, inside: FastAPI, routes: Iterable[BaseRoute]) -> None:
        """Know the routes whose signatures are understood here."""
        self._inside: App = inside
        self._app = inside
        self._known: dict[tuple[str | None, ...], _Known] = {}
        self._places: dict[int, set[frozenset[int]]] = {}
        for place, route in enumerate(routes):
            if not _is_plain(route):
                continue
            answer = solved(route.endpoint, frozenset(route.param_convertors))
            if answer is not None:
                self._learn(place, route, answer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        found = self.find(scope)
        if found is None:
            await self._inside(scope, receive, send)
            return
        route, parts, answer = found
        scope.update(app=self._app, route=route, endpoint=route.endpoint, path_params=parts)
        state(scope)["route"] = route.path
        request = Request(scope, receive)
        response = await self._answered(request, answer)
        await response(scope, receive, send)

    def find(self, scope: Scope) -> tuple[APIRoute, dict[str, str], _Solve] | None:
        """Return the route of a request and the parts of its path, if it is known here."""
        if scope["type"] != "http" or scope.get("root_path"):
            return None
        segments = scope["path"].split("/")
        candidates = [
            known
            for places in self._places.get(len(segments), ())
            if (known := self._known.get(_name(scope["method"], segments, places)))
        ]
        # Where two would do, the framework takes the one that was declared first.
        found = min(candidates, key=lambda known: known.place, default=None)
        if found is None:
            return None
        parts = {name: segments[place] for place, name in found.parts.items()}
        return (found.route, parts, found.answer) if all(parts.values()) else None

    def _learn(self, place: int, route: APIRoute, answer: _Solve) -> None:
        segments = route.path.split("/")
        parts = {at: one[1:-1] for at, one in enumerate(segments) if one.startswith("{")}
        places = frozenset(parts)
        self._places.setdefault(len(segments), set()).add(places)
        for method in route.methods or ():
            known = _Known(place, route, parts, answer)
            self._known.setdefault(_name(method, segments, places), known)

    async def _answered(self, request: Request, answer: _Solve) -> Response:
        try:
            response: Response = await answer(request)
        # The framework's own handlers say what becomes of it; there is one for everything.
        except Exception as wrong:  # noqa: BLE001
            handlers: Mapping[Any, Any] = self._app.exception_handlers
            handler = next(handlers[kind] for kind in type(wrong).__mro__ if kind in handlers)
            response = handler(request, wrong)
        return response


# A signature says the same for every application of this process.
@cache
def solved(call: Callable[..., Any], parts: frozenset[str]) -> _Solve | None:
    """Return what calls a function with what its signature asks of a request.

    `parts` are the names of the parts of the path. It returns nothing where something is asked
    for that only the framework knows.
    """
    hints = get_type_hints(call, include_extras=True)
    ways = {name: _way(name, hints[name], parts) for name in inspect.signature(call).parameters}
    known = {name: way for name, way in ways.items() if way is not None}
    if len(known) < len(ways):
        return None
    asked, waits = tuple(known.items()), inspect.iscoroutinefunction(call)

    async def solve(request: Request) -> Any:
        values = {name: await way(request) for name, way in asked}
        if waits:
            return await call(**values)
        return await run_in_threadpool(call, **values)

    return solve


def _way(name: str, hint: Any, parts: Collection[str]) -> _Solve | None:
    """Return what finds one argument in a request."""
    if hint is Request:
        return _whole
    if hint is str and name in parts:
        return lambda request: _part(request, name)
    if get_origin(hint) is not Annotated:
        return None
    kind, *told = get_args(hint)
    match told:
        case [Depends(dependency=asked)] if inspect.iscoroutinefunction(asked):
            return solved(asked, frozenset())
        case [Header(alias=None)] if kind == str | None:
            return lambda request: _header(request, name.replace("_", "-"))
    return None


async def _whole(request: Request) -> Request:
    return request


async def _part(request: Request, name: str) -> Any:
    return request.path_params[name]


async def _header(request: Request, name: str) -> str | None:
    return request.headers.get(name)


def _is_plain(route: BaseRoute) -> TypeGuard[APIRoute]:
    """Tell whether nothing about a route is special: its class, what it depends on by itself."""
    return type(route) is APIRoute and not route.dependencies


def _name(method: str, segments: Iterable[str], places: frozenset[int]) -> tuple[str | None, ...]:
    """Return a request's name among those whose parts stand at these places."""
    return method, *(None if at in places else one for at, one in enumerate(segments))
