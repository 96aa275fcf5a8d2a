"""Helpers for plain ASGI: types, headers, and sending a complete response."""

from collections.abc import Iterable
from typing import Any

from app.server import interface

Scope = interface.Scope
Message = interface.Message
Receive = interface.Receive
Send = interface.Send
App = interface.App


def header(scope: Scope, name: bytes) -> str | None:
    """Return a request header, several of a name joined by commas (RFC 9110, section 5.2)."""
    found: bytes | None = None
    for key, value in scope["headers"]:
        if key == name:
            found = value if found is None else found + b", " + value
    return None if found is None else found.decode("latin-1")


def state(scope: Scope) -> dict[str, Any]:
    """Return the state of a request, which middleware and routes share."""
    known: dict[str, Any] = scope.setdefault("state", {})
    return known


def request_id(scope: Scope) -> str | None:
    """Return the id under which a request is logged."""
    known: str | None = state(scope).get("request_id")
    return known


async def send_response(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    """Send a complete response."""
    fields = {"content-length": str(len(body)), **headers}
    await send({"type": "http.response.start", "status": status, "headers": raw(fields.items())})
    await send({"type": "http.response.body", "body": body})


def raw(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Encode headers for ASGI."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
