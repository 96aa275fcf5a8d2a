"""Signed, URL-safe tokens that contain a position."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from typing import Any

from app.kit import json
from app.kit.errors import BadCursor

_SIGNATURE_BYTES = 12


class Signer:
    """Signs small JSON values with one secret, for one purpose.

    What a former secret signed stays valid while that secret is among the `old` ones.
    """

    def __init__(self, secret: str, purpose: str, old: Iterable[str] = ()) -> None:
        """Derive the purpose's own keys from the secrets."""
        # Each signature starts from a copy of this hash, which contains the key already.
        self._keyed = _build_hash(secret, purpose)
        self._old = tuple(_build_hash(former, purpose) for former in old)

    def sign(self, value: Any) -> str:
        """Return an opaque token that contains a JSON value."""
        payload = json.dumps(value)
        signature = _compute_signature(self._keyed, payload)
        return base64.urlsafe_b64encode(signature + payload).rstrip(b"=").decode()

    def read(self, token: str) -> Any:
        """Return the value of a token; raise `BadCursor` if it was not signed here."""
        data = _decode(token)
        signature, payload = data[:_SIGNATURE_BYTES], data[_SIGNATURE_BYTES:]
        for keyed in (self._keyed, *self._old):
            if hmac.compare_digest(signature, _compute_signature(keyed, payload)):
                return json.loads(payload)
        raise BadCursor("This cursor was not issued by this server, or was altered.")


def _build_hash(secret: str, purpose: str) -> hashlib.blake2b:
    key = hmac.digest(secret.encode(), purpose.encode(), "sha256")
    return hashlib.blake2b(key=key, digest_size=_SIGNATURE_BYTES)


def _compute_signature(keyed: hashlib.blake2b, payload: bytes) -> bytes:
    signing = keyed.copy()
    signing.update(payload)
    return signing.digest()


def fingerprint(text: str) -> str:
    """Return a short hash that binds a cursor to the query that it was issued for."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _decode(token: str) -> bytes:
    try:
        data = base64.b64decode(
            token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True
        )
    except (UnicodeEncodeError, binascii.Error) as error:
        raise BadCursor("This is not a cursor.") from error
    # Two encodings of one token would be two cache keys, and would allow undetected changes.
    spelled = base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    if spelled != token or len(data) <= _SIGNATURE_BYTES:
        raise BadCursor("This is not a cursor.")
    return data
