"""The transaction of a sign-in, which is kept in a cookie of the browser that began it.

It is encrypted and authenticated (JWE with A256GCM). So a request without a session writes nothing
to the database, and only this browser can complete the sign-in. The session that a sign-in creates
records the hash of its `state`, which is unique: a transaction creates one session.
"""

import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from app.kit import json
from app.kit.clock import from_micros, to_micros

LIFETIME = timedelta(minutes=10)
_LONGEST = 8_000
_HEADER = {"alg": "dir", "enc": "A256GCM"}
_ALGORITHMS = [*_HEADER.values()]
_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """The values that a sign-in needs when the provider redirects the browser back."""

    state: str
    nonce: str
    verifier: str
    return_to: str
    expires: int

    @property
    def digest(self) -> bytes:
        """Return the hash of the state, which a session records."""
        return hashlib.sha256(self.state.encode()).digest()


class TransactionSealer:
    """Encrypts transactions with a key derived from the secret of the deployment."""

    def __init__(self, secret: str) -> None:
        """Derive the key."""
        self._key = OctKey.import_key(hmac.digest(secret.encode(), b"sign-in", "sha256"))

    def seal(self, transaction: PendingSignIn) -> str:
        """Return a transaction as the value of a cookie."""
        content = json.dumps(asdict(transaction))
        return jwe.encrypt_compact(_HEADER, content, self._key, _ALGORITHMS)

    def open(self, sealed: str, now: datetime) -> PendingSignIn | None:
        """Return the transaction in a cookie, or None if it was changed or has expired."""
        if len(sealed) > _LONGEST or not sealed.isascii():
            return None
        try:
            opened = jwe.decrypt_compact(sealed, self._key, _ALGORITHMS)
        except (JoseError, ValueError):
            return None
        transaction = PendingSignIn(**json.loads(opened.plaintext or b"{}"))
        return transaction if from_micros(transaction.expires) > now else None


def create_transaction(return_to: str, now: datetime) -> PendingSignIn:
    """Return a new transaction with random values."""
    return PendingSignIn(
        state=secrets.token_urlsafe(_RANDOM_BYTES),
        nonce=secrets.token_urlsafe(_RANDOM_BYTES),
        verifier=secrets.token_urlsafe(_RANDOM_BYTES),
        return_to=return_to,
        expires=to_micros(now + LIFETIME),
    )
