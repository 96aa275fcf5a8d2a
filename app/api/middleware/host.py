"""Host names: one for each request, and only those that the operator serves."""

from app.api.http.asgi import App, Receive, Scope, Send, answer, header, request_id
from app.api.http.errors import BadHost
from app.api.http.problems import problem_for
from app.kit.quoting import quoted

_PROBES = ("/healthz", "/readyz")


class HostMiddleware:
    """Refuses requests for host names that are not listed."""

    def __init__(self, app: App, allowed: str) -> None:
        """Take a comma list of names; `*` allows any."""
        self._app = app
        self._allowed = {name.strip().lower() for name in allowed.split(",") if name.strip()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            given = header(scope, b"host")
            if not self.allows(scope, given):
                refusal = BadHost(_detail(given))
                await answer(send, *problem_for(refusal, request_id(scope)))
                return
        await self._app(scope, receive, send)

    def allows(self, scope: Scope, given: str | None) -> bool:
        """Tell whether the host of a request is served here; probes come by any name.

        Who gives none, or two, may be understood differently by the machines on the way, and is
        refused (RFC 9112, section 3.2). HTTP/1.0 has no hosts.
        """
        if scope["path"] in _PROBES:
            return True
        if given is None and scope["http_version"] != "1.0":
            return False
        if "*" in self._allowed:
            return given is None or "," not in given
        return _name(given or "") in self._allowed


def _detail(given: str | None) -> str:
    if given is None:
        return "The request names no host."
    return f"This server does not serve the host {quoted(_name(given))}."


def _name(host: str) -> str:
    """Return the host without its port; an IPv6 address keeps its brackets."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()
