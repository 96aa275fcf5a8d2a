"""Sign-in by OpenID Connect: the authorization code flow with PKCE (S256)."""

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.errors import InvalidKeyIdError, JoseError

from app.access.errors import SignInFailed, SignInUnavailable
from app.access.people.id_tokens import Expected, validate_id_token
from app.access.people.identity import Identity
from app.access.people.pending_sign_in import (
    LIFETIME,
    PendingSignIn,
    TransactionSealer,
    create_transaction,
)
from app.access.people.provider import OpenIdProvider, Tokens
from app.access.people.roles import RoleMapping
from app.kit.clock import Clock
from app.kit.quoting import quote_text
from app.kit.text import clean_line

_log = logging.getLogger("dateline")
# Claims with the name of a person, in the order of preference; the subject is last.
_NAMES = ("name", "preferred_username", "email", "sub")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class StartedSignIn:
    """The address to which the browser goes, and the value and lifetime of its cookie."""

    url: str
    cookie: str
    lifetime: timedelta = LIFETIME


class SignIn:
    """Starts and completes sign-ins with one provider."""

    def __init__(
        self, provider: OpenIdProvider, roles: RoleMapping, secret: str, clock: Clock
    ) -> None:
        """Use a provider; `secret` is that of the deployment."""
        self._provider = provider
        self._roles = roles
        self._sealer = TransactionSealer(secret)
        self._clock = clock

    def start(self, return_to: str) -> StartedSignIn:
        """Start a sign-in that returns to a path."""
        metadata, own = self._provider.load_metadata(), self._provider.registration
        transaction = create_transaction(return_to, self._clock.now())
        url = prepare_grant_uri(
            metadata.authorization_endpoint,
            own.client_id,
            "code",
            own.redirect_uri,
            own.scopes,
            transaction.state,
            nonce=transaction.nonce,
            code_challenge=create_s256_code_challenge(transaction.verifier),
            code_challenge_method="S256",
        )
        return StartedSignIn(url, self._sealer.seal(transaction))

    def complete(self, sent: Mapping[str, str], cookie: str | None) -> Identity:
        """Return who signed in, by the parameters that the provider sent and the cookie."""
        transaction = self._open(sent, cookie)
        self._check_issuer(sent)
        if "error" in sent:
            raise SignInFailed(f"The provider refused the sign-in: {quote_text(sent['error'])}.")
        if not sent.get("code"):
            raise SignInFailed("The provider sent no code. Sign in again.")
        tokens = self._provider.exchange_code(sent["code"], transaction.verifier)
        claims = self._validate(tokens, transaction)
        if not self._roles.has_roles(claims) and tokens.access_token is not None:
            claims = self._add_userinfo(claims, tokens.access_token)
        return Identity(
            issuer=self._provider.registration.issuer,
            subject=claims["sub"],
            name=_find_name(claims),
            scope=self._roles.find_scope(claims),
            sign_in_digest=transaction.digest,
            return_to=transaction.return_to,
        )

    def find_flaws(self) -> list[str]:
        """Load the metadata and keys of the provider, and return what is wrong."""
        try:
            self._provider.reload()
        except SignInUnavailable as failure:
            return [failure.detail]
        return []

    def close(self) -> None:
        """Cancel all requests to the provider."""
        self._provider.close()

    def _open(self, sent: Mapping[str, str], cookie: str | None) -> PendingSignIn:
        """Return the transaction of this browser, if the answer of the provider belongs to it."""
        transaction = self._sealer.open(cookie, self._clock.now()) if cookie is not None else None
        if transaction is None:
            raise SignInFailed(
                "This browser has begun no sign-in, or more than ten minutes ago. Sign in again."
            )
        if not hmac.compare_digest(transaction.state.encode(), sent.get("state", "").encode()):
            raise SignInFailed("The answer belongs to another sign-in. Sign in again.")
        return transaction

    def _check_issuer(self, sent: Mapping[str, str]) -> None:
        """Check that the answer comes from the provider (RFC 9207)."""
        issuer = self._provider.registration.issuer
        is_required = self._provider.load_metadata().sends_issuer
        if sent.get("iss", None if is_required else issuer) != issuer:
            raise SignInFailed("The answer comes from another provider. Sign in again.")

    def _validate(self, tokens: Tokens, transaction: PendingSignIn) -> Mapping[str, Any]:
        own, algorithms = self._provider.registration, self._provider.load_metadata().algorithms
        expected = Expected(own.issuer, own.client_id, transaction.nonce)
        now = self._clock.now()
        for is_forced in (False, True):
            keys = self._provider.load_keys(is_forced=is_forced)
            try:
                return validate_id_token(
                    tokens.id_token, keys, algorithms, expected, now, tokens.access_token
                )
            except InvalidKeyIdError as error:
                # The provider may have new keys.
                reason: Exception = error
            except (JoseError, ValueError) as error:
                reason = error
                break
        _log.warning("sign-in: the ID token is not valid: %s", reason)
        raise SignInFailed("The provider sent an ID token that is not valid. Sign in again.")

    def _add_userinfo(self, claims: Mapping[str, Any], access_token: str) -> Mapping[str, Any]:
        """Add the claims that the provider sends separately; those of the token take precedence."""
        more = self._provider.load_userinfo(access_token)
        if more and more.get("sub") != claims["sub"]:
            raise SignInFailed("The provider sent claims of somebody else. Sign in again.")
        return {**more, **claims}


def _find_name(claims: Mapping[str, Any]) -> str:
    """Return the name of a person, cleaned and shortened."""
    for known in _NAMES:
        value = claims.get(known)
        name = clean_line(value.replace("\0", "")) if isinstance(value, str) else ""
        if name:
            return name[:_LONGEST_NAME]
    return "unnamed"
