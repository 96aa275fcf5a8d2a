"""A small OpenID provider on loopback, which signs with a generated key and can misbehave."""

import base64
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

CLIENT_ID = "dateline:desk"
CLIENT_SECRET = "a secret/with + signs"
AMINA = {"sub": "248289761001", "name": "Amina Berrada", "groups": ["editors"]}
Claims = dict[str, Any]


@dataclass
class Provider:
    """What it says and does; a test changes that before the browser comes."""

    now: Callable[[], datetime]
    url: str = ""
    person: Claims = field(default_factory=lambda: dict(AMINA))
    metadata: Claims = field(default_factory=dict)
    # What differs in the next ID tokens, and in the answers to the browser.
    claims: Claims = field(default_factory=dict)
    header: Claims = field(default_factory=dict)
    answer: Claims = field(default_factory=dict)
    userinfo: Claims | None = None
    # Signs in another way.
    sign: Callable[[Claims], str] | None = None
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", auto_kid=True))
    requests: list[str] = field(default_factory=list)
    tokens: list[dict[str, str]] = field(default_factory=list)
    unusable_keys: list[Any] = field(default_factory=list)
    status: int = 200
    # While it is not set, there are no answers.
    answers: threading.Event = field(default_factory=threading.Event)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def describe(self) -> Claims:
        """Return the metadata."""
        document = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
            "authorization_response_iss_parameter_supported": True,
            "code_challenge_methods_supported": ["S256"],
            **self.metadata,
        }
        return {name: value for name, value in document.items() if value is not None}

    def authorize(self, parameters: dict[str, str]) -> str:
        """Sign the person in, and return the address to which the browser goes."""
        assert parameters["response_type"] == "code"
        assert parameters["client_id"] == CLIENT_ID
        assert parameters["code_challenge_method"] == "S256"
        assert "openid" in parameters["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = parameters
        answer = {"code": code, "state": parameters["state"], "iss": self.url, **self.answer}
        sent = {name: value for name, value in answer.items() if value is not None}
        return f"{parameters['redirect_uri']}?{urlencode(sent)}"

    def exchange(self, form: dict[str, str], authorization: str) -> tuple[int, Claims]:
        """Return tokens for a code, once."""
        self.tokens.append(form)
        kind, _, credentials = authorization.partition(" ")
        name, _, secret = base64.b64decode(credentials).decode().partition(":")
        if (kind, unquote(name), unquote(secret)) != ("Basic", CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client"}
        parameters = self._codes.pop(form["code"], None)
        digest = sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if parameters is None or parameters["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant"}
        assert form["redirect_uri"] == parameters["redirect_uri"]
        seconds = int(self.now().timestamp())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": seconds,
            "exp": seconds + 300,
            "nonce": parameters["nonce"],
            **({} if self.userinfo is not None else self.person),
            "sub": self.person["sub"],
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        token = self.sign(claims) if self.sign is not None else self.sign_well(claims)
        return 200, {"access_token": "access", "token_type": "Bearer", "id_token": token}

    def sign_well(self, claims: Claims) -> str:
        """Return a valid token."""
        header = {"alg": "ES256", "kid": self.key.kid, **self.header}
        return jwt.encode(
            {name: value for name, value in header.items() if value is not None}, claims, self.key
        )

    def respond(self, method: str, path: str, body: str, authorization: str) -> tuple[int, Any]:
        """Return the status and the document, or the address, of an answer."""
        self.requests.append(f"{method} {path}")
        assert self.answers.wait(60)
        if path == "/token":
            return self.exchange(dict(parse_qsl(body)), authorization)
        if path == "/userinfo":
            return 200 if authorization == "Bearer access" else 401, self.userinfo
        if path == "/jwks":
            document: dict[str, Any] = {**KeySet([self.key]).as_dict(private=False)}
            return 200, {"keys": [*self.unusable_keys, *document["keys"]]}
        return self.status, self.describe()


@contextmanager
def running_provider(now: Callable[[], datetime]) -> Iterator[Provider]:
    """Run a provider."""
    provider = Provider(now)
    provider.answers.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                parameters = {name: values[0] for name, values in parse_qs(parts.query).items()}
                self._send(302, "", provider.authorize(parameters))
            else:
                self._answer("GET", parts.path, "")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer("POST", self.path, body)

        def _answer(self, method: str, path: str, body: str) -> None:
            authorization = self.headers.get("authorization", "")
            status, document = provider.respond(method, path, body, authorization)
            self._send(status, json.dumps(document))

        def _send(self, status: int, body: str, location: str | None = None) -> None:
            self.send_response(status)
            if location is not None:
                self.send_header("location", location)
            self.send_header("content-length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.answers.set()
        server.shutdown()
        server.server_close()
        thread.join()
