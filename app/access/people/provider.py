"""The OpenID provider: its metadata, its keys, and the exchange of a code for tokens.

The operator names the provider, so it may be inside the network. Its answers are not trusted:
addresses have to use TLS, answers are limited in size and time, and redirects are not followed.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from authlib.common.security import is_secure_transport
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet

from app.access.errors import SignInFailed, SignInUnavailable
from app.access.people.id_tokens import ALGORITHMS
from app.access.people.provider_limits import CachedDocument, CallLimit
from app.kit import json
from app.kit.clock import Clock
from app.kit.http_client import HttpClient, HttpFailure
from app.kit.quoting import quote_text

_log = logging.getLogger("dateline")
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Registration:
    """The registration of this deployment at the provider."""

    issuer: str
    client_id: str
    client_secret: str | None
    redirect_uri: str
    scopes: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata of the provider (OpenID Connect Discovery, section 3)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    sends_issuer: bool
    authentication: str
    algorithms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens for a code."""

    id_token: str
    access_token: str | None


class OpenIdProvider:
    """Requests to the provider, a few at a time; its metadata and keys are cached for an hour."""

    def __init__(self, client: HttpClient, clock: Clock, registration: Registration) -> None:
        """Send no request yet."""
        self.registration = registration
        self._client = client
        self._limit = CallLimit()
        self._metadata = CachedDocument(clock, self._limit, self._fetch_metadata)
        self._keys = CachedDocument(clock, self._limit, self._fetch_keys)

    def load_metadata(self) -> Metadata:
        """Return the metadata, from the provider if it is not cached."""
        return self._metadata.get()

    def load_keys(self, *, is_forced: bool = False) -> KeySet:
        """Return the public keys, from the provider if they are not cached or if it is forced."""
        # Loaded first, so that loading the keys does not need a second call within the limit.
        self._metadata.get()
        return self._keys.reload() if is_forced else self._keys.get()

    def reload(self) -> None:
        """Load the metadata and keys again; raise `SignInUnavailable` that says what is wrong."""
        self._metadata.reload()
        self._keys.reload()

    def exchange_code(self, code: str, verifier: str) -> Tokens:
        """Return the tokens for a code; raise `SignInFailed` if the code is not valid."""
        own, metadata = self.registration, self.load_metadata()
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=own.redirect_uri, code_verifier=verifier
        )
        headers = {"content-type": _FORM, "accept": "application/json"}
        url, headers, body = _authenticate(own, metadata).prepare(
            "POST", metadata.token_endpoint, headers, body
        )
        with self._limit.hold():
            status, answer = self._send("POST", url, headers, body.encode())
        if status == 400 and answer.get("error") == "invalid_grant":
            raise SignInFailed(
                "The provider does not accept the code: it was used, or is too old. Sign in again."
            )
        id_token, access_token = answer.get("id_token"), answer.get("access_token")
        if status != 200 or not isinstance(id_token, str):
            raise _unavailable(url, f"answered {status} {quote_text(str(answer.get('error')))}")
        return Tokens(id_token, access_token if isinstance(access_token, str) else None)

    def load_userinfo(self, access_token: str) -> Mapping[str, Any]:
        """Return the userinfo of a person; it is empty if the provider has no such endpoint."""
        url = self.load_metadata().userinfo_endpoint
        if url is None:
            return {}
        with self._limit.hold():
            return self._get_json(url, {"authorization": f"Bearer {access_token}"})

    def close(self) -> None:
        """Cancel all requests."""
        self._client.close()

    def _fetch_metadata(self) -> Metadata:
        url = get_well_known_url(self.registration.issuer, external=True)
        return read_metadata(self._get_json(url), self.registration)

    def _fetch_keys(self) -> KeySet:
        url = self._metadata.get().jwks_uri
        return _read_keys(self._get_json(url), url)

    def _get_json(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        sent = {"accept": "application/json", **(headers or {})}
        status, document = self._send("GET", url, sent, b"")
        if status != 200:
            raise _unavailable(url, f"answered {status}")
        return document

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON object of an answer, or an empty object if it has none."""
        outcome = self._client.send(method, url, headers, body)
        if isinstance(outcome, HttpFailure):
            raise _unavailable(url, outcome.reason)
        try:
            document = json.loads(outcome.body)
        except json.JSONDecodeError:
            document = None
        if not isinstance(document, dict):
            if outcome.status == 200:
                raise _unavailable(url, "sent no JSON object")
            document = {}
        return outcome.status, document


def read_metadata(document: Mapping[str, Any], own: Registration) -> Metadata:
    """Return the metadata in a document; raise `SignInUnavailable` that says what is wrong."""
    where = get_well_known_url(own.issuer, external=True)
    if document.get("issuer") != own.issuer:
        raise _unavailable(
            where,
            f"names the issuer {quote_text(str(document.get('issuer')))}; set "
            "DATELINE_OIDC_ISSUER to exactly that if it is the right provider",
        )
    offered = document.get("id_token_signing_alg_values_supported") or ["RS256"]
    algorithms = tuple(name for name in ALGORITHMS if name in offered)
    if not algorithms:
        raise _unavailable(where, f"signs with none of {', '.join(ALGORITHMS)}")
    methods = document.get("code_challenge_methods_supported")
    if methods is not None and "S256" not in methods:
        raise _unavailable(where, "does not support PKCE with S256")
    userinfo = "userinfo_endpoint"
    return Metadata(
        authorization_endpoint=_read_endpoint(document, "authorization_endpoint", where),
        token_endpoint=_read_endpoint(document, "token_endpoint", where),
        jwks_uri=_read_endpoint(document, "jwks_uri", where),
        userinfo_endpoint=_read_endpoint(document, userinfo, where)
        if userinfo in document
        else None,
        sends_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        authentication=_choose_authentication(document, own),
        algorithms=algorithms,
    )


def _read_endpoint(document: Mapping[str, Any], name: str, where: str) -> str:
    url = document.get(name)
    if not isinstance(url, str) or not url.isascii() or not url.isprintable():
        raise _unavailable(where, f"has no usable {name}")
    if not is_secure_transport(url):
        raise _unavailable(where, f"has a {name} that does not begin with https://")
    return url


def _choose_authentication(document: Mapping[str, Any], own: Registration) -> str:
    if own.client_secret is None:
        return "none"
    # The default of OpenID Connect, section 9.
    offered = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    is_basic = "client_secret_basic" in offered or "client_secret_post" not in offered
    return "client_secret_basic" if is_basic else "client_secret_post"


def _authenticate(own: Registration, metadata: Metadata) -> ClientAuth:
    """Return the object that adds the credentials of this deployment to a request."""
    client_id, secret = own.client_id, own.client_secret
    if metadata.authentication == "client_secret_basic" and secret is not None:
        # RFC 6749, section 2.3.1; the library does not encode them.
        client_id, secret = quote(client_id, safe=""), quote(secret, safe="")
    return ClientAuth(client_id, secret, metadata.authentication)


def _read_keys(document: Mapping[str, Any], url: str) -> KeySet:
    """Return the usable keys of a JWK set; `ALGORITHMS` cannot use symmetric keys."""
    listed, usable = document.get("keys"), []
    for key in listed if isinstance(listed, list) else []:
        try:
            usable.append(JWKRegistry.import_key(key))
        except (JoseError, ValueError, TypeError) as error:
            _log.warning("sign-in: a key of %s cannot be used: %s", url, error)
    if not usable:
        raise _unavailable(url, "has no usable key")
    return KeySet(usable)


def _unavailable(url: str, reason: str) -> SignInUnavailable:
    address = url.partition("?")[0]
    _log.warning("sign-in: %s %s", address, reason)
    return SignInUnavailable(f"The provider of sign-in: {address} {reason}.")
