"""Host names: only those that the operator serves, where there is a list."""

from app.api.edge.asgi import App, Receive, Scope, Send, answer, header, request_id
from app.api.problems import problem

_PROBES = ("/healthz", "/readyz")


class HostRing:
    """Refuses requests for host names that are not listed."""

    def __init__(self, app: App, allowed: str) -> None:
        """Take a comma list of names; `*` allows any, and then nothing is looked at."""
        self._app = app
        self._allowed = {name.strip().lower() for name in allowed.split(",") if name.strip()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and not self.allows(scope):
            name = _name(header(scope, b"host") or "")
            detail = f"This server does not serve the host {name!r}."
            await answer(send, *problem("bad_host", detail, request_id(scope)))
            return
        await self._app(scope, receive, send)

    def allows(self, scope: Scope) -> bool:
        """Tell whether the request's host is served here; probes come by any name."""
        if "*" in self._allowed or scope["path"] in _PROBES:
            return True
        return _name(header(scope, b"host") or "") in self._allowed


def _name(host: str) -> str:
    """Return the host without its port; an IPv6 address keeps its brackets."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()
