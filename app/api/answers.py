"""Answers: delivery's with validators and lifetimes, management's with versions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response

from app.api.conditional import version_tag
from app.api.edge.asgi import raw, state
from app.api.edge.entry import Facts
from app.api.errors import Gone, Killed, NothingHere
from app.api.links import Links, link_header
from app.bootstrap import Services
from app.delivery.heads import Head
from app.delivery.results import Gone as StoryGone
from app.delivery.surrogates import ABSENT
from app.kit import json

JSON = "application/json"
NO_STORY = "No story with this id or slug is public."


def delivered(  # noqa: PLR0913 - each is a fact about the answer, given by its name
    request: Request,
    body: bytes,
    head: Head,
    *,
    keys: tuple[str, ...],
    links: Mapping[str, str] | None = None,
    alternates: Mapping[str, str] | None = None,
    media_type: str = JSON,
    kept: bool = True,
    until: datetime | None = None,
    narrow: tuple[str, ...] = (),
    shared: bool = True,
) -> Response:
    """Answer a reader with finished bytes; the edge codes them, compares, and keeps them.

    `alternates` are the addresses of the same in other formats, by media type; they can be
    had by `Accept`, too. `narrow` says more closely than `keys` which changes outdate it.
    """
    headers = _tell_edge(
        request,
        head,
        keys,
        until,
        kept=kept,
        varies=bool(alternates),
        narrow=narrow,
        shared=shared,
    )
    link = link_header(links or {}, alternates or {}, raw(headers.items()))
    if link:
        headers["link"] = link
    return Response(body, 200, headers, media_type)


def redirected(request: Request, location: str, head: Head, *, varies: bool = False) -> Response:
    """Lead on to where the thing is now, with the query as it was.

    Here as below, `varies` says that `Accept` would have decided the format of the thing.
    """
    headers = _tell_edge(request, head, (ABSENT,), varies=varies)
    query, location = request.url.query, quote(location)
    headers["location"] = f"{location}?{query}" if query else location
    return Response(None, 301, headers)


def nothing_here(request: Request, head: Head, detail: str, *, varies: bool = False) -> NothingHere:
    """Return the failure that says that nothing visible is here, as of a position of the log."""
    _tell_edge(request, head, (ABSENT,), varies=varies)
    return NothingHere(detail)


def withdrawn(
    request: Request, head: Head, gone: StoryGone, *, varies: bool = False
) -> Gone | Killed:
    """Return the failure that tells the readers of a story why it is not here any more."""
    _tell_edge(request, head, (ABSENT,), varies=varies)
    return told_instead(gone)


def told_instead(gone: StoryGone) -> Gone | Killed:
    """Return the failure that tells what readers of a withdrawn story are told."""
    kind = Killed if gone.answer == "killed" else Gone
    return kind(gone.notice or "This story was withdrawn.")


def _tell_edge(
    request: Request,
    head: Head,
    keys: tuple[str, ...],
    until: datetime | None = None,
    *,
    kept: bool = True,
    varies: bool = False,
    narrow: tuple[str, ...] = (),
    shared: bool = True,
) -> dict[str, str]:
    """Tell the edge what an answer shows and how new it is; return the headers that say so."""
    known = state(request.scope)
    embargoed = known["caller"].embargoed
    # The log says nothing of embargoes, so it cannot tell when these readers' answers changed.
    changed_at = None if embargoed else head.changed_at
    facts = known["facts"] = Facts(
        head.serial, keys, changed_at, until, kept, varies, narrow, shared
    )
    # What these readers are shown may not be public, and no cache on the way keeps it.
    return (facts._replace(keys=()) if embargoed else facts).headers()


def list_links(
    request: Request, services: Services, cursors: Mapping[str, str | None]
) -> dict[str, str]:
    """Return the links of a page: itself, the next and the previous one."""
    own = services.settings.public_url or ""
    query: bytes = request.scope["query_string"]
    return Links.of(request.scope["path"], query, own).by_relation(cursors)


def managed(
    value: Mapping[str, Any] | None,
    *,
    status: int = 200,
    version: int | None = None,
    location: str | None = None,
) -> Response:
    """Answer an editor: never cached, with the version as a tag."""
    headers = {"cache-control": "no-store"}
    if version is not None:
        headers["etag"] = version_tag(version)
    if location is not None:
        headers["location"] = location
    body = None if value is None else json.dumps(value)
    return Response(body, status, headers, None if body is None else JSON)


def managed_list(request: Request, services: Services, body: bytes, cursors: Any) -> Response:
    """Answer an editor with a page."""
    links = list_links(request, services, cursors)
    headers = {"cache-control": "no-store", "link": link_header(links, {}, ())}
    return Response(body, 200, headers, JSON)
