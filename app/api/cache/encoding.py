"""Content codings: negotiation and compression."""

import zlib
from collections.abc import Callable
from typing import Literal

import brotli
import zstandard

from app.api.http.accept import weights

Coding = Literal["identity", "gzip", "br", "zstd"]

# The order for clients that accept several equally: small and quick to decompress first.
_PREFERRED: tuple[Coding, ...] = ("zstd", "br", "gzip")
# Compression of a smaller body saves too little.
LEAST_BYTES = 400
_GZIP = 16 + zlib.MAX_WBITS


def choose_coding(accept_encoding: str) -> Coding:
    """Return the coding for an `Accept-Encoding` (RFC 9110, section 12.5.3)."""
    wanted = weights(accept_encoding)
    anything = wanted.get("*", 0.0)
    best: Coding = "identity"
    most = 0.0
    for coding in _PREFERRED:
        weight = wanted.get(coding, wanted.get(f"x-{coding}", anything))
        if weight > most:
            best, most = coding, weight
    # `identity` wins if its weight is explicitly higher.
    return "identity" if wanted.get("identity", 0.0) > most else best


def encode(body: bytes, coding: Coding) -> bytes:
    """Encode a body."""
    return _CODERS[coding](body)


def _gzip(body: bytes) -> bytes:
    # Without a time stamp in the header, equal bodies have equal entity tags.
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    return packer.compress(body) + packer.flush()


_CODERS: dict[Coding, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": _gzip,
    "br": lambda body: brotli.compress(body, quality=5),
    "zstd": lambda body: zstandard.ZstdCompressor(level=6).compress(body),
}
