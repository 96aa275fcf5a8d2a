"""Encryption of short secrets in the database: AES-256-GCM, with keys that rotate.

An encrypted text is `aes256gcm:`, the id of its key, and base64url of nonce, ciphertext and tag. A
context, such as the id of the row, is authenticated, so that texts cannot be exchanged.
"""

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_START = "aes256gcm:"
_NONCE_BYTES, _ID_BYTES = 12, 4


class Undecryptable(Exception):
    """A text was encrypted with another key, or was altered."""


class SecretCipher:
    """Encrypts with a key, and decrypts with this or a former one."""

    def __init__(self, key: str, old: Iterable[str] = ()) -> None:
        """Derive the keys of the cipher from texts."""
        self._prefix = _find_prefix(key)
        self._ciphers = {_find_prefix(text): _build_cipher(text) for text in (*old, key)}

    def encrypt(self, data: bytes, context: str) -> str:
        """Return an encrypted text."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._prefix].encrypt(nonce, data, context.encode())
        return self._prefix + urlsafe_b64encode(nonce + sealed).decode()

    def decrypt(self, text: str, context: str) -> bytes:
        """Return the data of an encrypted text; raise `Undecryptable`."""
        head, _, body = text.rpartition(":")
        cipher = self._ciphers.get(f"{head}:")
        if cipher is None:
            raise Undecryptable
        try:
            sealed = urlsafe_b64decode(body)
            return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
        except (InvalidTag, ValueError):
            raise Undecryptable from None

    def is_current(self, text: str) -> bool:
        """Tell whether a text was encrypted with the newest key."""
        return text.startswith(self._prefix)


def is_encrypted(text: str) -> bool:
    """Tell whether a text was encrypted, with any key."""
    return text.startswith(_START)


def _find_prefix(key: str) -> str:
    """Return the beginning of each text that a key encrypts; it reveals nothing about the key."""
    return f"{_START}{hmac.digest(key.encode(), b'id', 'sha256')[:_ID_BYTES].hex()}:"


def _build_cipher(key: str) -> AESGCM:
    return AESGCM(hmac.digest(key.encode(), b"encryption", "sha256"))
