"""Who asks: the key in the headers, checked for every path, public ones included."""

from dataclasses import replace

from starlette.concurrency import run_in_threadpool

from app.access.caller import ANYBODY, Caller
from app.access.keys import authenticate, is_to_be_noted, recognise
from app.api.edge.asgi import App, Receive, Scope, Send, header, request_id, state
from app.api.edge.clients import client_address
from app.api.errors import BadHeader
from app.kit.clock import Clock
from app.kit.database import Database
from app.settings import Settings


class AuthRing:
    """Puts the caller into the request's state, or refuses the key."""

    def __init__(self, app: App, settings: Settings, database: Database, clock: Clock) -> None:
        """Look keys up in a database."""
        self._app = app
        self._settings = settings
        self._database = database
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Recognise the caller of a request."""
        if scope["type"] == "http":
            state(scope)["caller"] = await self._caller(scope)
        await self._app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller:
        key = sent_key(scope)
        if key is None:
            return ANYBODY
        caller = await self._recognised(key)
        state(scope)["key_prefix"] = caller.prefix
        address = client_address(scope, self._settings)
        return replace(caller, address=address, request_id=request_id(scope))

    async def _recognised(self, key: str) -> Caller:
        """Return the caller behind a key: where that is one short read, without another thread."""
        now = self._clock.now()
        if self._database.dialect == "sqlite":
            caller = recognise(self._database, key, now)
            if not is_to_be_noted(caller, now):
                return caller
        return await run_in_threadpool(authenticate, self._database, key, now)


def sent_key(scope: Scope) -> str | None:
    """Return the key that a request carries, from `Authorization` or `X-Api-Key`."""
    bearer, plain = header(scope, b"authorization"), header(scope, b"x-api-key")
    if bearer is None:
        return plain.strip() if plain is not None else None
    scheme, _, key = bearer.strip().partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise BadHeader("Authorization has the form 'Bearer KEY'.")
    if plain is not None and plain.strip() != key.strip():
        raise BadHeader("Authorization and X-Api-Key carry different keys; send one.")
    return key.strip()
