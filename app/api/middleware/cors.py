"""CORS: one setting for reading, and one for the origins that may manage."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from app.api.http.access import MANAGED
from app.api.http.asgi import App, Receive, Scope, Send, header
from app.api.http.errors import BadCorsMethod, BadOrigin
from app.api.http.problems import problem_for
from app.kit.errors import Failure

EXPOSED = (
    "ETag",
    "Last-Modified",
    "Link",
    "Location",
    "Content-Location",
    "Age",
    "Idempotency-Replayed",
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
_MANAGED = ("/v1/manage", *MANAGED)
# Only scripts of this site use sign-in.
_SIGN_IN, _NO_ORIGIN = "/auth/", ""


class CorsMiddleware:
    """One policy for delivery and one for management; none for sign-in."""

    def __init__(self, app: App, delivery: str, management: str) -> None:
        """Take comma lists of origins; `*` means any."""
        self._delivery = _build_policy(app, delivery, _DELIVERY)
        self._management = _build_policy(app, management, _MANAGEMENT)
        self._sign_in = _build_policy(app, _NO_ORIGIN, _MANAGEMENT)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Choose the policy by the path; a refused preflight gets a problem document."""
        is_http = scope["type"] == "http"
        policy = self._delivery
        if is_http and scope["path"].startswith(_MANAGED):
            policy = self._sign_in if scope["path"].startswith(_SIGN_IN) else self._management
        if is_http and scope["method"] == "OPTIONS":
            names = (b"origin", b"access-control-request-method")
            if all(header(scope, name) is not None for name in names):
                response = policy.preflight_response(Headers(scope=scope))
                if response.status_code >= 400:
                    failure = self._build_failure(policy, scope, response)
                    response = _build_refusal(response, failure, scope["state"]["request_id"])
                await response(scope, receive, send)
                return
        await policy(scope, receive, send)

    def _build_failure(self, policy: CORSMiddleware, scope: Scope, response: Response) -> Failure:
        """Return the reason why a preflight is refused: the origin, or else the method."""
        if not policy.is_allowed_origin(header(scope, b"origin") or ""):
            return BadOrigin(f"{bytes(response.body).decode()}.")
        methods = _DELIVERY if policy is self._delivery else _MANAGEMENT
        return BadCorsMethod(f"Scripts may use {', '.join(methods)} here.")


def _build_refusal(response: Response, failure: Failure, id_: str | None) -> Response:
    status, headers, body = problem_for(failure, id_)
    kept = {k: v for k, v in response.headers.items() if k.startswith(("access", "vary"))}
    return Response(body, status, {**kept, **headers})


def _build_policy(app: App, origins: str, methods: tuple[str, ...]) -> CORSMiddleware:
    return CORSMiddleware(
        app,
        allow_origins=[origin.strip() for origin in origins.split(",") if origin.strip()],
        allow_methods=methods,
        allow_headers=["*"],
        expose_headers=EXPOSED,
        max_age=600,
    )
