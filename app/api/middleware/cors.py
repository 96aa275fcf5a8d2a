"""CORS: open for reading, and for the newsroom's own origins where the operator names them."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from app.api.http.asgi import App, Receive, Scope, Send, header, request_id
from app.api.http.errors import BadOrigin
from app.api.http.problems import problem_for

EXPOSED = (
    "ETag",
    "Last-Modified",
    "Link",
    "Location",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "Surrogate-Key",
    "Cache-Tag",
    "Dateline-Serial",
    "X-Request-Id",
)
_DELIVERY = ("GET", "HEAD")
_MANAGEMENT = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_MANAGED = "/v1/manage"


class CorsMiddleware:
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
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight; a refusal is a problem document like any other."""
        if not _is_preflight(scope):
            await super().__call__(scope, receive, send)
            return
        response = self.preflight_response(Headers(scope=scope))
        if response.status_code >= 400:
            response = _refusal(response, request_id(scope))
        await response(scope, receive, send)


def _is_preflight(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "OPTIONS":
        return False
    wanted = (b"origin", b"access-control-request-method")
    return all(header(scope, name) is not None for name in wanted)


def _refusal(response: Response, id_: str | None) -> Response:
    detail = bytes(response.body).decode()
    status, headers, body = problem_for(BadOrigin(f"{detail}."), id_)
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
