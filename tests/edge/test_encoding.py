"""Content encodings: selected according to RFC 9110, and reversible."""

import gzip

import brotli
import pytest
import zstandard

from app.api.cache.encoding import Coding, choose_coding, encode


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate, br", "br"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("*", "zstd"),
        ("*;q=0", "identity"),
        ("zstd;q=0, *", "br"),
        ("identity, gzip;q=0.5", "identity"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip;q=nonsense", "identity"),
        ("deflate", "identity"),
        (";;;,,,=q", "identity"),
    ],
)
def test_the_most_preferred_encoding_is_selected(accept: str, coding: Coding) -> None:
    assert choose_coding(accept) == coding


def test_each_encoding_is_reversible_and_deterministic() -> None:
    body = b'{"title": "The lighthouse"}' * 100
    undone = {
        "gzip": gzip.decompress,
        "br": brotli.decompress,
        "zstd": zstandard.ZstdDecompressor().decompress,
        "identity": bytes,
    }
    for coding, undo in undone.items():
        encoded = encode(body, coding)  # type: ignore[arg-type]
        assert undo(encoded) == body
        assert encode(body, coding) == encoded  # type: ignore[arg-type]
