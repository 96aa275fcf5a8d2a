"""Check the host of a request, and redirect to the normal form of its path.

A path is normal if no character is percent-encoded without need. `/%6detrics` and `/metrics` are
equal (RFC 3986, section 6.2.2.2), but a proxy that hides `/metrics` may not know that. So only the
normal form is answered. `/v1%2Fmanage` is not equal to `/v1/manage`, but routes match decoded
paths. No name in this API has a slash, so such a path is not found.
"""

import re
from urllib.parse import quote, unquote_to_bytes

from app.api.http.answer import fits_in_head
from app.api.http.asgi import App, Receive, Scope, Send, header, send_response
from app.api.http.errors import BadHost, PathNotFound, QueryTooLong
from app.api.http.feed_tokens import with_token
from app.api.http.refusals import refuse
from app.kit.quoting import quote_text

_PROBES = ("/healthz", "/readyz")
_SLASH = re.compile(rb"%2[Ff]")
_NEEDLESS = re.compile(rb"%(?:2[D-Fd-f]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")
# Characters that a path may have unencoded (RFC 3986, section 3.3), besides letters and digits.
_PLAIN = "/-._~!$&'()*+,;=:@"


class AddressMiddleware:
    """Refuses hosts that are not listed, and redirects to the normal form of a path.

    A path without a normal form is not found.
    """

    def __init__(self, app: App, allowed: str, own: str) -> None:
        """Take a comma list of hosts; `*` allows any. `own` is the public URL, if known."""
        self._app = app
        self._allowed = {name.strip().lower() for name in allowed.split(",") if name.strip()}
        self._own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = header(scope, b"host")
        if not self.allows(scope, given):
            await refuse(scope, send, BadHost(_detail(given)))
        elif is_plain(scope):
            await self._app(scope, receive, send)
        else:
            await self._redirect(scope, send)

    def allows(self, scope: Scope, given: str | None) -> bool:
        """Tell whether the host of a request is allowed; probes may use any host.

        A request without a host, or with two, is refused (RFC 9112, section 3.2): proxies may
        interpret it differently. HTTP/1.0 has no hosts.
        """
        if scope["path"] in _PROBES:
            return True
        if given is None and scope["http_version"] != "1.0":
            return False
        if "*" in self._allowed:
            return given is None or "," not in given
        return _name(given or "") in self._allowed

    async def _redirect(self, scope: Scope, send: Send) -> None:
        """Redirect to the normal form of a path, or answer 404 if there is none."""
        path = unquote_to_bytes(scope["raw_path"])
        plain = quote(path, safe=_PLAIN)
        query = with_token(scope)
        location = f"{self._own}{plain}?{query}" if query else f"{self._own}{plain}"
        has_slash = _SLASH.search(scope["raw_path"]) is not None
        if has_slash or not _is_path(path) or not fits_in_head(plain, ()):
            await refuse(scope, send, PathNotFound("Nothing is served at this path."))
        elif not fits_in_head(location, ()):
            await refuse(scope, send, QueryTooLong(plain))
        else:
            await send_response(send, 308, {"location": location, "cache-control": "no-store"}, b"")


def is_plain(scope: Scope) -> bool:
    """Tell whether no slash or unreserved character of the path is percent-encoded."""
    raw: bytes = scope.get("raw_path") or b""
    return b"%" not in raw or _NEEDLESS.search(raw) is None


def _detail(given: str | None) -> str:
    if given is None:
        return "The request names no host."
    return f"This server does not serve the host {quote_text(_name(given))}."


def _name(host: str) -> str:
    """Return the host without its port; an IPv6 address keeps its brackets."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()


def _is_path(path: bytes) -> bool:
    """Tell whether a decoded path begins with a slash and has no empty or dot segments."""
    begin, *segments = path.split(b"/")
    return begin == b"" and bool(segments) and not {b"", b".", b".."} & set(segments)
