"""The hooks of the application for the server, and its requests to it.

See `app.server.interface`.
"""

from collections.abc import Callable
from threading import Event

from app.api.http.asgi import Message, Scope
from app.api.http.clients import client_address
from app.api.http.errors import TooManyListeners
from app.api.http.problems import problem
from app.api.http.security_headers import SAFE
from app.kit.ids import new_id
from app.kit.process.open_file_limit import limit_connections
from app.server.exchange import Exchange
from app.server.interface import CONTROL, ErrorResponse, Hooks
from app.server.limits import Limits, SlotCounter
from app.settings import Settings


def server_hooks(
    lookup: Callable[[Scope], Message | None],
    draining: Event,
    stop: Callable[[], None],
    settings: Settings,
) -> Hooks:
    """Return the hooks that the server calls."""
    connections = limit_connections(settings.max_connections)
    limits = Limits(
        SlotCounter(connections, settings.max_connections_per_address),
        SlotCounter(settings.stream_listeners, settings.listeners_per_address),
        settings.proxies,
    )
    return Hooks(lookup=lookup, refuse=refuse, drain=draining.set, stop=stop, limits=limits)


def refuse(code: str, detail: str) -> ErrorResponse:
    """Return the problem document of a request that does not reach the application."""
    id_ = new_id()
    status, headers, body = problem(code, detail, id_)
    return status, {**headers, **SAFE, "x-request-id": id_}, body


def allow_time(scope: Scope) -> None:
    """Extend the timeout: the client may be silent for minutes."""
    control = _control(scope)
    if control is not None:
        control.is_extended = True


def acquire_listener_slot(scope: Scope, settings: Settings) -> None:
    """Count a request as a listener, and cancel it on disconnect; raise `TooManyListeners`."""
    control = _control(scope)
    if control is not None and not control.acquire_listener_slot(client_address(scope, settings)):
        raise TooManyListeners("As many listen as this server allows. Try again later.")


def cancel_on_disconnect(scope: Scope) -> None:
    """Cancel a request when its client disconnects."""
    control = _control(scope)
    if control is not None:
        control.cancel_on_disconnect = True


def _control(scope: Scope) -> Exchange | None:
    control: Exchange | None = scope.get("extensions", {}).get(CONTROL)
    return control
