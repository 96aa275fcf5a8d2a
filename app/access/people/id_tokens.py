"""Validation of ID tokens: signature, issuer, audience, time and nonce.

OpenID Connect Core, section 3.1.3.7. Only algorithms with a public key are allowed. With others,
anyone who knows the client secret could sign. With `none`, there is no signature.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

ALGORITHMS = tuple("RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512".split())
# Seconds by which the clock of the provider may differ.
_LEEWAY = 60
_LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Expected:
    """What an ID token has to contain."""

    issuer: str
    client_id: str
    nonce: str


def validate_id_token(
    token: str,
    keys: KeySet,
    algorithms: Collection[str],
    expected: Expected,
    now: datetime,
    access_token: str | None,
) -> Mapping[str, Any]:
    """Return the claims of an ID token; raise `JoseError` or `ValueError` if it is not valid.

    If no key has the id in its header, raise `InvalidKeyIdError`.
    """
    decoded = jwt.decode(token, keys, algorithms=list(algorithms))
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        {
            "iss": {"essential": True, "value": expected.issuer},
            "aud": {"essential": True, "value": expected.client_id},
            "sub": {"essential": True},
        },
        {
            "nonce": expected.nonce,
            "client_id": expected.client_id,
            "access_token": access_token,
        },
    )
    claims.validate(now=int(now.timestamp()), leeway=_LEEWAY)
    if len(claims["sub"]) > _LONGEST_SUBJECT or "\0" in claims["sub"]:
        raise ValueError("The subject is too long.")
    return dict(claims)
