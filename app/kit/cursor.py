"""Signed, URL-safe tokens that contain a position."""

import base64
import binascii
import hashlib
import hmac
from typing import Any

from app.kit import json
from app.kit.errors import BadCursor

_SIGNATURE_BYTES = 12


class Signer:
    """Signs small JSON values with one secret, for one purpose."""

    def __init__(self, secret: str, purpose: str) -> None:
        """Derive the purpose's own key from the secret."""
        key = hmac.digest(secret.encode(), purpose.encode(), "sha256")
        # Each signature starts from a copy of this hash, which contains the key already.
        self._keyed = hashlib.blake2b(key=key, digest_size=_SIGNATURE_BYTES)

    def sign(self, value: Any) -> str:
        """Return an opaque token that contains a JSON value."""
        payload = json.dumps(value)
        return base64.urlsafe_b64encode(self._signature(payload) + payload).rstrip(b"=").decode()

    def read(self, token: str) -> Any:
        """Return the value of a token; raise `BadCursor` if it was not signed here."""
        data = _decode(token)
        signature, payload = data[:_SIGNATURE_BYTES], data[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(payload)):
            raise BadCursor("This cursor was not issued by this server, or was altered.")
        return json.loads(payload)

    def _signature(self, payload: bytes) -> bytes:
        signing = self._keyed.copy()
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
