"""Authenticate requests by a key in their headers, a token in their address, or a session."""

from dataclasses import replace
from functools import partial

from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.access.entitlement import NOTHING
from app.access.errors import KeyRefused
from app.access.key_binding import KeyBinding
from app.access.keys import is_use_due, verify_key
from app.access.limits.rate_limits import UNLIMITED, Admission
from app.access.people.sessions import use_session
from app.api.http.asgi import App, Receive, Scope, Send, header
from app.api.http.clients import client_address, client_of
from app.api.http.costs import find_cost
from app.api.http.errors import BadHeader
from app.api.http.feed_tokens import FEED_TOKEN
from app.api.http.rate_limit_headers import find_limited_client
from app.api.http.sessions import LOGOUT, find_session_token
from app.bootstrap import Services
from app.kit.errors import DatabaseUnavailable

_PROBES = ("/healthz", "/readyz")
_NOBODY = Caller(entitlement=NOTHING)


class AuthenticationMiddleware:
    """Stores the caller in the request's state, or refuses the key or too many requests."""

    def __init__(self, app: App, services: Services, *, limits_addresses: bool = True) -> None:
        """Look up keys in the database of the services."""
        self._app = app
        self._settings = services.settings
        self._database = services.database
        self._clock = services.clock
        self._services = services
        self._limits = services.limits
        self._limits_addresses = limits_addresses and services.address_limit.is_on

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Authenticate the caller of a request, and count the request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        known = scope["state"]
        cost = find_cost(scope["path"], scope["query_string"])
        caller = await self._find_known_caller(scope)
        if caller is None:
            if self._limits_addresses:
                known["admission"] = self._count_address(scope, cost)
            known["caller"] = await self._find_anonymous()
            await self._app(scope, receive, send)
            return
        known["caller"], known["key_prefix"] = caller, caller.prefix
        known["admission"] = self._limits.admit(caller, cost)
        await self._app(scope, receive, send)

    async def _find_known_caller(self, scope: Scope) -> Caller | None:
        """Return the caller of a token, a key or a session, or None without any of them."""
        if FEED_TOKEN in scope:
            return await authenticate_feed_token(self._services, scope)
        key = find_key(scope)
        if key is None:
            return await self._find_by_session(scope)
        return await self._find_caller(scope, key)

    def _count_address(self, scope: Scope, cost: int) -> Admission:
        """Count a request without a key; probes have no limit."""
        address = find_limited_client(scope, self._settings)
        if address is None or scope["path"] in _PROBES:
            return UNLIMITED
        return self._services.address_limit.admit(address, cost)

    async def _find_by_session(self, scope: Scope) -> Caller | None:
        """Return the caller of the session of a request, or None without a valid session."""
        token = find_session_token(scope, self._settings)
        caller = None if token is None else await self._verify_session(scope, token)
        if caller is None:
            return None
        # A session may be ended from everywhere.
        if caller.binding is not None and scope["path"] != LOGOUT:
            try:
                require_binding(self._services, scope, caller.binding, caller.prefix)
            except KeyRefused:
                note_refusal(self._services, scope)
                raise
        known, now = scope["state"], self._clock.now()
        known["session_token"] = token
        address = client_address(scope, self._settings)
        if caller.key_id is not None and is_use_due(caller, now):
            caller = self._services.key_uses.note(caller, address, now)
        return replace(caller, address=address, request_id=known["request_id"])

    async def _verify_session(self, scope: Scope, token: str) -> Caller | None:
        """Return the caller of a session, or None if it has ended; count unknown ones."""
        now, resolve = self._clock.now(), self._services.partners.resolve
        try:
            return await run_in_threadpool(use_session, self._database, token, now, resolve)
        except KeyRefused:
            note_refusal(self._services, scope)
            return None

    async def _find_anonymous(self) -> Caller:
        """Return the caller without a key; while the database is away, it may read no story."""
        try:
            return await find_anonymous(self._services)
        except DatabaseUnavailable:
            # The process is still alive, and says so without a key.
            return _NOBODY

    async def _find_caller(self, scope: Scope, key: str) -> Caller:
        """Return the caller of a key with what is known of the request, or refuse the key."""
        now = self._clock.now()
        verify = partial(verify_key, self._database, key, now, self._services.partners.resolve)
        try:
            # On SQLite it takes only one short read, and no thread.
            is_short = self._database.dialect == "sqlite"
            caller = verify() if is_short else await run_in_threadpool(verify)
            if caller.binding is not None:
                require_binding(self._services, scope, caller.binding, caller.prefix)
        except KeyRefused:
            note_refusal(self._services, scope)
            raise
        address = client_address(scope, self._settings)
        if is_use_due(caller, now):
            caller = self._services.key_uses.note(caller, address, now)
        return replace(caller, address=address, request_id=scope["state"]["request_id"])


def require_binding(
    services: Services, scope: Scope, binding: KeyBinding, prefix: str | None
) -> None:
    """Raise `KeyRestricted` unless the key with a binding may be used from where a request came."""
    address = client_address(scope, services.settings)
    binding.require(prefix, address, header(scope, b"origin"))


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
        note_refusal(services, scope)
        raise


def note_refusal(services: Services, scope: Scope) -> None:
    """Count a refused key; raise `LimitReached` if its address has sent too many.

    The key was verified before, so a valid key is never refused because of others.
    """
    services.refusals.note(client_of(scope, services.settings))
    address = find_limited_client(scope, services.settings)
    if address is not None:
        services.refused_keys_limit.admit(address)


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
