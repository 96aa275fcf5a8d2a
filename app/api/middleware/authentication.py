"""Authenticate requests by a key in their headers, a token in their address, or a session."""

from dataclasses import replace
from functools import partial

from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.access.entitlement import NOTHING
from app.access.errors import KeyRefused
from app.access.keys import authenticate, is_use_record_due, verify_key
from app.access.people.sessions import record_use, verify_session
from app.api.http.asgi import App, Receive, Scope, Send
from app.api.http.clients import client_address, client_of
from app.api.http.errors import BadHeader
from app.api.http.feed_tokens import FEED_TOKEN
from app.api.http.sessions import find_session_token
from app.bootstrap import Services
from app.kit.errors import DatabaseUnavailable

_NOBODY = Caller(entitlement=NOTHING)


class AuthenticationMiddleware:
    """Stores the caller in the request's state, or refuses the key."""

    def __init__(self, app: App, services: Services) -> None:
        """Look up keys in the database of the services."""
        self._app = app
        self._settings = services.settings
        self._database = services.database
        self._clock = services.clock
        self._refusals = services.refusals
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Authenticate the caller of a request."""
        if scope["type"] == "http":
            key, known = find_key(scope), scope["state"]
            if FEED_TOKEN in scope:
                known["caller"] = caller = await authenticate_feed_token(self._services, scope)
                known["key_prefix"] = caller.prefix
            elif key is None:
                known["caller"] = await self._find_without_key(scope)
            else:
                known["caller"] = caller = await self._find_caller(scope, key)
                known["key_prefix"] = caller.prefix
        await self._app(scope, receive, send)

    async def _find_without_key(self, scope: Scope) -> Caller:
        """Return the caller of the session of a request, or of a request without one."""
        token = find_session_token(scope, self._settings)
        caller = None if token is None else await self._find_session(scope, token)
        if caller is None:
            return await self._find_anonymous()
        known = scope["state"]
        known["key_prefix"], known["session_token"] = caller.prefix, token
        address = client_address(scope, self._settings)
        return replace(caller, address=address, request_id=known["request_id"])

    async def _find_session(self, scope: Scope, token: str) -> Caller | None:
        """Return the caller of a session, or None if it has ended; count unknown ones."""
        try:
            return await run_in_threadpool(self._verify_session, token)
        except KeyRefused:
            self._refusals.note(client_of(scope, self._settings))
            return None

    def _verify_session(self, token: str) -> Caller | None:
        """Return the caller of a session, if it is valid, and record its use at intervals."""
        now, resolve = self._clock.now(), self._services.partners.resolve
        caller = verify_session(self._database, token, now, resolve)
        if caller is not None and caller.session_id is not None and is_use_record_due(caller, now):
            record_use(self._database, caller.session_id, now)
        return caller

    async def _find_anonymous(self) -> Caller:
        """Return the caller without a key; while the database is away, it may read no story."""
        try:
            return await find_anonymous(self._services)
        except DatabaseUnavailable:
            # The process is still alive, and says so without a key.
            return _NOBODY

    async def _find_caller(self, scope: Scope, key: str) -> Caller:
        """Return the caller of a key with what is known of the request, or refuse the key."""
        try:
            caller = await self._authenticate(key)
        except KeyRefused:
            self._refusals.note(client_of(scope, self._settings))
            raise
        address = client_address(scope, self._settings)
        return replace(caller, address=address, request_id=scope["state"]["request_id"])

    async def _authenticate(self, key: str) -> Caller:
        """Return the caller of a key; use no thread if it takes only one short read."""
        now = self._clock.now()
        if self._database.dialect == "sqlite":
            caller = verify_key(self._database, key, now, self._services.partners.resolve)
            if not is_use_record_due(caller, now):
                return caller
        resolve = self._services.partners.resolve
        return await run_in_threadpool(authenticate, self._database, key, now, resolve)


async def find_anonymous(services: Services) -> Caller:
    """Return the caller of a request without a key; it may have to be loaded."""
    known = services.anonymous.find()
    return known if known is not None else await run_in_threadpool(services.anonymous.load)


async def authenticate_feed_token(services: Services, scope: Scope) -> Caller:
    """Return the caller of the token that was removed from a request's address, or refuse it."""
    if find_key(scope) is not None:
        raise BadHeader("Send a key in a header, or a token in the address, not both.")
    verify = partial(services.feed_tokens.verify, scope[FEED_TOKEN], services.clock.now())
    try:
        if services.database.dialect == "sqlite":
            return verify()
        return await run_in_threadpool(verify)
    except KeyRefused:
        services.refusals.note(client_of(scope, services.settings))
        raise


def find_key(scope: Scope) -> str | None:
    """Return the key in `Authorization: Bearer` or `X-Api-Key`, or None.

    Credentials of other schemes, such as those for a proxy, are not keys. Raise
    `BadHeader` if there are two different keys.
    """
    keys: set[str] = set()
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            keys.add(value.strip().decode("latin-1"))
        elif name == b"authorization":
            # An empty key is an invalid key.
            scheme, *token = value.split(None, 1) or [b""]
            if scheme.lower() == b"bearer":
                keys.add(b"".join(token).strip().decode("latin-1"))
    if len(keys) > 1:
        raise BadHeader("Authorization and X-Api-Key carry different keys; send one.")
    return keys.pop() if keys else None
