"""Heads of responses as bytes: status lines, header lines, and connection headers."""

from collections.abc import Iterable
from http import HTTPStatus

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
# Characters that would end a header line.
_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09})


def encode_headers(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Encode headers as lines; raises `RuntimeError` for a control character."""
    fields = list(headers)
    plain = b"".join([part for field in fields for part in field])
    if len(plain.translate(None, _CONTROLS)) != len(plain):
        raise RuntimeError("A header holds a control character.")
    return b"".join([b"%b: %b\r\n" % field for field in fields])


def build_head(status: int, lines: bytes, *, keep_alive: bool, is_http10: bool) -> bytes:
    """Build the status line and the header lines of a response."""
    first = _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status
    kept = b"connection: keep-alive\r\n" if is_http10 else b""
    return b"".join((first, lines, kept if keep_alive else b"connection: close\r\n", b"\r\n"))
