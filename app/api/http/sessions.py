"""Sessions of browsers: cookies, and protection against requests of other sites (CSRF).

The cookies are read on the paths of the newsroom and of sign-in only. A request of another site
has no session, whatever its cookies: its `Origin` is different, or a write has no CSRF token.
"""

import hmac
from datetime import timedelta
from urllib.parse import urlsplit

from app.access.people.sessions import derive_csrf_token
from app.api.http.asgi import Scope, header
from app.api.http.errors import CrossSiteRequest
from app.settings import Settings

# `__Host-`: browsers accept the cookie only from this host, over TLS, for all paths.
SESSION_COOKIE = "__Host-dateline-session"
SIGN_IN_COOKIE = "__Host-dateline-sign-in"
SESSION_PATHS = ("/v1/manage/", "/auth/")
LOGOUT = "/auth/logout"
CSRF_HEADER = "X-CSRF-Token"
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"
# These work without a session, and replace the session.
_SIGN_IN = frozenset({"/auth/login", "/auth/callback"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": 80, "https": 443}


def find_session_token(scope: Scope, settings: Settings) -> str | None:
    """Return the token of a request's session; None on other paths, and for other sites.

    Raise `CrossSiteRequest` if the request would change something, and may come from another site.
    """
    if not scope["path"].startswith(SESSION_PATHS):
        return None
    token = read_cookie(scope, SESSION_COOKIE)
    if token is None or scope["path"] in _SIGN_IN:
        return None
    is_own = is_own_origin(scope, settings)
    if scope["method"] in _READING:
        return None if is_own is False else token
    if not is_own:
        raise CrossSiteRequest(
            "A change with a session needs the header Origin, with the origin of this API."
        )
    sent = header(scope, CSRF_HEADER.lower().encode()) or ""
    if not hmac.compare_digest(sent.encode(), derive_csrf_token(token).encode()):
        raise CrossSiteRequest(
            f"A change with a session needs the header {CSRF_HEADER}, with the token that "
            "GET /auth/session returns."
        )
    return token


def read_cookie(scope: Scope, name: str) -> str | None:
    """Return a cookie of a request; None if it is absent, or sent twice."""
    start = f"{name}="
    pairs = map(str.strip, (header(scope, b"cookie") or "").replace(", ", ";").split(";"))
    found = [pair.removeprefix(start) for pair in pairs if pair.startswith(start)]
    return found[0] if len(found) == 1 and found[0] else None


def is_own_origin(scope: Scope, settings: Settings) -> bool | None:
    """Tell whether the origin of a request is this API; None if it has no origin."""
    origin = header(scope, b"origin")
    if origin is None:
        return None
    if settings.public_url is not None:
        return _parse_origin(origin) == _parse_origin(settings.public_url)
    host = header(scope, b"host")
    return any(_parse_origin(origin) == _parse_origin(f"{known}://{host}") for known in _PORTS)


def build_cookie(name: str, value: str, lifetime: timedelta) -> str:
    """Return the value of `Set-Cookie` that sets a cookie."""
    return f"{name}={value}; Max-Age={max(0, int(lifetime.total_seconds()))}; {_ATTRIBUTES}"


def remove_cookie(name: str) -> str:
    """Return the value of `Set-Cookie` that removes a cookie."""
    return build_cookie(name, "", timedelta())


def _parse_origin(url: str) -> tuple[str, str, int | None] | None:
    """Return the scheme, host and port of a URL; None if it is malformed."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port) if parts.hostname else None
