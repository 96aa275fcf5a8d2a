"""CORS: open for reading, and for the newsroom's own origins where the operator names them."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from app.api.edge.asgi import App, Receive, Scope, Send
from app.api.problems import problem

EXPOSED = (
    "ETag",
    "Last-Modified",
    "Link",
    "Location",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "Surrogate-Key",
    "Dateline-Serial",
    "X-Request-Id",
)
_DELIVERY = ("GET", "HEAD")
_MANAGEMENT = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_MANAGED = "/v1/manage"


class CorsRing:
    """One policy for delivery and one for management."""

    def __init__(self, app: App, delivery: str, management: str) -> None:
        """Take comma lists of origins; `*` stands for any."""
        self._delivery = _middleware(app, delivery, _DELIVERY)
        self._management = _middleware(app, management, _MANAGEMENT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose the policy by the path."""
        managed = scope["type"] == "http" and scope["path"].startswith(_MANAGED)
        await (self._management if managed else self._delivery)(scope, receive, send)


class _Middleware(CORSMiddleware):
    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a preflight; a refusal is a problem document like any other."""
        response = super().preflight_response(request_headers)
        if response.status_code < 400:
            return response
        detail = bytes(response.body).decode()
        status, headers, body = problem("bad_origin", f"{detail}.", None)
        kept = {k: v for k, v in response.headers.items() if k.startswith(("access", "vary"))}
        return Response(body, status, {**kept, **headers})


def _middleware(app: App, origins: str, methods: tuple[str, ...]) -> CORSMiddleware:
    return _Middleware(
        app,
        allow_origins=[one.strip() for one in origins.split(",") if one.strip()],
        allow_methods=methods,
        allow_headers=["*"],
        expose_headers=EXPOSED,
        max_age=600,
    )
