"""Content codings: which one a reader gets, and how it is made."""

import zlib
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import brotli
import zstandard

Coding = Literal["identity", "gzip", "br", "zstd"]

# What a reader who takes several equally gets: small first, and quick to unpack.
_PREFERRED: tuple[Coding, ...] = ("zstd", "br", "gzip")
# Below this, headers weigh more than what is saved.
LEAST_BYTES = 400
_GZIP = 16 + zlib.MAX_WBITS


@lru_cache(maxsize=1024)
def chosen_coding(accept_encoding: str) -> Coding:
    """Return the coding for an `Accept-Encoding` (RFC 9110, section 12.5.3)."""
    weights = _weights(accept_encoding)
    anything = weights.get("*", 0.0)
    best: Coding = "identity"
    most = 0.0
    for coding in _PREFERRED:
        weight = weights.get(coding, weights.get(f"x-{coding}", anything))
        if weight > most:
            best, most = coding, weight
    # Who says that identity is dearer than all others means it.
    return "identity" if weights.get("identity", 0.0) > most else best


def encoded(body: bytes, coding: Coding) -> bytes:
    """Return a body in a coding."""
    return _CODERS[coding](body)


def _weights(accept_encoding: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in accept_encoding.split(","):
        name, _, parameters = part.partition(";")
        weights[name.strip().lower()] = _quality(parameters)
    return weights


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(max(float(value), 0.0), 1.0)
    except ValueError:
        return 0.0


def _gzip(body: bytes) -> bytes:
    # No time stamp in the header: equal bodies make equal bytes, and equal tags.
    packer = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
    return packer.compress(body) + packer.flush()


_CODERS: dict[Coding, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": _gzip,
    "br": lambda body: brotli.compress(body, quality=5),
    "zstd": lambda body: zstandard.ZstdCompressor(level=6).compress(body),
}
