"""The WebSub hub: subscribing to feeds, so that they are sent when they change."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Literal
from urllib.parse import parse_qsl

from fastapi import Request, Response
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.access.errors import KeyRefused
from app.api.delivery.hub_topics import find_topic_selection
from app.api.http.access import ReadPolicy
from app.api.http.asgi import request_id
from app.api.http.clients import client_address, client_of
from app.api.http.dependencies import Parts
from app.api.http.errors import PathNotFound
from app.api.openapi.operations import describe
from app.api.routes.public_router import PublicRouter
from app.bootstrap import Services
from app.kit.errors import RateLimited
from app.kit.sql.unit_of_work import Actor
from app.kit.token_buckets import TokenBuckets
from app.kit.uri import find_address_problem
from app.syndication.push.commands.request_subscription import (
    HubRequest,
    needs_verification,
    request_subscription,
)
from app.syndication.push.errors import BadHubRequest
from app.syndication.push.hub_limits import CLIENT_BURST, CLIENT_PER_SECOND
from app.syndication.push.push import HUB
from app.syndication.push.reachability import is_reachable
from app.syndication.push.token_topics import join_topic, split_topic

router = PublicRouter(tags=["Feeds"])
_MOST_BYTES = 16_384
_LONGEST = 2_000
# Seconds that a subscription lasts unless asked otherwise, and the bounds of what may be asked.
DEFAULT_LEASE, LEAST_LEASE, MOST_LEASE = 864_000, 3_600, 2_592_000
_LONGEST_SECRET = 199
_Mode = Literal["subscribe", "unsubscribe"]
_MODES: dict[str, _Mode] = {"subscribe": "subscribe", "unsubscribe": "unsubscribe"}
_FORM: dict[str, Any] = {
    "type": "object",
    "required": ["hub.mode", "hub.topic", "hub.callback"],
    "properties": {
        "hub.mode": {
            "type": "string",
            "enum": list(_MODES),
            "title": "HubMode",
            "description": "Whether to start or to end the subscription.",
            "examples": ["subscribe"],
        },
        "hub.topic": {
            "type": "string",
            "format": "uri",
            "description": "The address of a feed of this server, in any format, with any filters.",
            "examples": ["https://api.example/feeds/latest.atom"],
        },
        "hub.callback": {
            "type": "string",
            "format": "uri",
            "description": "Where to send the feed. It is asked for confirmation first.",
            "examples": ["https://reader.example/callback"],
        },
        "hub.lease_seconds": {
            "type": "integer",
            "minimum": 0,
            "description": f"How long the subscription lasts: {LEAST_LEASE} to {MOST_LEASE} "
            f"seconds; {DEFAULT_LEASE} if left out.",
            "examples": [DEFAULT_LEASE],
        },
        "hub.secret": {
            "type": "string",
            "maxLength": _LONGEST_SECRET,
            "description": "Signs what is sent, in `X-Hub-Signature`.",
            "examples": ["quiet"],
        },
    },
}
_DESCRIBED = {
    **describe(
        problems=(
            *("bad_hub_request", "body_too_large", "rate_limited", "hub_full", "not_found"),
            "database_busy",
        )
    ),
    "requestBody": {
        "required": True,
        "content": {"application/x-www-form-urlencoded": {"schema": _FORM}},
    },
}


@router.post(
    HUB,
    access=ReadPolicy.OPEN,
    summary="Subscribe to a feed",
    status_code=202,
    responses={
        202: {"description": "The callback will be asked for confirmation.", "content": None}
    },
    openapi_extra=_DESCRIBED,
)
async def subscribe_to_feed(request: Request, services: Parts) -> Response:
    """Start or end a WebSub subscription: the callback has to confirm it, and receives the feed."""
    if services.push.options.hub is None:
        raise PathNotFound("There is no hub here.")
    if services.push.options.is_rate_limited:
        _take_token(request.app.state.hub_clients, client_of(request.scope, services.settings))
    asked = _parse_form(await _read_body(request))
    address = client_address(request.scope, services.settings)
    actor = Actor(None, "hub", address, request_id(request.scope))
    client = client_of(request.scope, services.settings)
    verify = await run_in_threadpool(_request_subscription, services, asked, actor, client)
    # A subscriber may be able to answer the verification only after this answer.
    later = None if verify is None else BackgroundTask(verify)
    return Response(None, 202, {"cache-control": "no-store"}, background=later)


def hub_clients(services: Services) -> TokenBuckets:
    """Return the token buckets of the hub's clients, for this process."""
    return TokenBuckets(CLIENT_BURST, CLIENT_PER_SECOND, services.clock.now)


def _take_token(clients: TokenBuckets, client: str) -> None:
    wait = clients.take(client)
    if wait:
        raise RateLimited(
            f"One client may send {CLIENT_BURST} requests to the hub in a row, and then "
            f"{round(CLIENT_PER_SECOND * 60)} a minute. Try again after the seconds in "
            "Retry-After.",
            wait,
        )


def _request_subscription(
    services: Services, asked: HubRequest, actor: Actor, client: str
) -> Callable[[], None] | None:
    """Request a subscription; return what verifies it, if the worker cannot do that."""
    options = services.push.options
    asked, reader = _find_reader(services, asked, client)
    if not is_reachable(asked.callback, options.reach):
        raise BadHubRequest("Nothing can be sent to `hub.callback`. Use a public address.")
    with services.database.read() as session:
        if not needs_verification(session, asked, options.hub_limits, services.clock.now()):
            return None
    selection = find_topic_selection(services, split_topic(asked.topic).address, reader)
    row = services.runner.run(
        actor, lambda unit: request_subscription(unit, asked, selection, options.hub_limits)
    )
    if row is None or asked.secret_topic is None:
        return None
    return partial(services.push.verify, row, asked.secret_topic)


def _find_reader(services: Services, asked: HubRequest, client: str) -> tuple[HubRequest, Caller]:
    """Return a request with the id of the token in its topic, if it has one, and the reader."""
    address, token = split_topic(asked.topic)
    if token is None:
        return asked, services.anonymous.load()
    try:
        reader = services.feed_tokens.verify(token, services.clock.now())
    except KeyRefused as refused:
        services.refusals.note(client)
        raise BadHubRequest(f"`hub.topic` has no valid token. {refused.detail}") from refused
    topic = join_topic(address, reader.feed_token_id or "")
    return replace(asked, topic=topic, secret_topic=asked.topic), reader


async def _read_body(request: Request) -> bytes:
    """Read the body up to the limit of a form."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise BadHubRequest(f"The form may have {_MOST_BYTES} bytes at the most.")
    return bytes(body)


def _parse_form(body: bytes) -> HubRequest:
    try:
        sent = dict(parse_qsl(body.decode(), errors="strict", max_num_fields=50))
    except ValueError as wrong:
        raise BadHubRequest("The body is not a form in UTF-8.") from wrong
    mode = _MODES.get(sent.get("hub.mode", ""))
    if mode is None:
        raise BadHubRequest("`hub.mode` is `subscribe` or `unsubscribe`.")
    secret = sent.get("hub.secret")
    if secret is not None and (len(secret.encode()) > _LONGEST_SECRET or "\0" in secret):
        raise BadHubRequest("`hub.secret` has to be shorter than 200 bytes.")
    return HubRequest(
        mode=mode,
        topic=_parse_address(sent, "hub.topic"),
        callback=_parse_address(sent, "hub.callback"),
        lease=_parse_lease(sent.get("hub.lease_seconds")),
        secret=secret,
    )


def _parse_address(sent: dict[str, str], name: str) -> str:
    address = sent.get(name, "")
    is_valid = (
        address.isascii() and len(address) <= _LONGEST and find_address_problem(address) is None
    )
    if not is_valid:
        raise BadHubRequest(f"`{name}` has to be an absolute http or https address.")
    return address


def _parse_lease(text: str | None) -> int:
    """Return the requested lease in seconds, within the limits (section 5.1)."""
    if text is None:
        return DEFAULT_LEASE
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise BadHubRequest("`hub.lease_seconds` is a number of seconds.")
    return min(max(int(text), LEAST_LEASE), MOST_LEASE)
