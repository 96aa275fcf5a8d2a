"""Secrets and signatures: Standard Webhooks 1.0 for webhooks, `X-Hub-Signature` for WebSub."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

_PREFIX = "whsec_"
_SECRET_BYTES = 32


def make_secret() -> str:
    """Return a new random secret."""
    return encode_secret(secrets.token_bytes(_SECRET_BYTES))


def encode_secret(data: bytes) -> str:
    """Return the text of a secret, as Standard Webhooks defines it."""
    return _PREFIX + base64.b64encode(data).decode()


def decode_secret(secret: str) -> bytes:
    """Return the bytes of the text of a secret."""
    return base64.b64decode(secret.removeprefix(_PREFIX))


def sign_webhook(keys: Iterable[str], id_: str, seconds: int, body: bytes) -> str:
    """Return the `webhook-signature` header: one signature for each secret."""
    signed = b"%b.%d.%b" % (id_.encode(), seconds, body)
    return " ".join(f"v1,{_signature(key, signed)}" for key in keys)


def sign_hub_request(secret: str, body: bytes) -> str:
    """Return the `X-Hub-Signature` header (WebSub, section 7.1)."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _signature(key: str, signed: bytes) -> str:
    signature = hmac.new(decode_secret(key), signed, hashlib.sha256).digest()
    return base64.b64encode(signature).decode()
