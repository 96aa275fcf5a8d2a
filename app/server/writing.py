"""Answers as bytes: status lines, header lines, and what the server adds to them."""

from collections.abc import Iterable
from http import HTTPStatus

from app.server.interface import Headers

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
# Characters that would end a header or a line of it.
_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09})


def header_lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return headers as lines; raises `RuntimeError` where one holds a control character."""
    fields = list(headers)
    plain = b"".join([part for field in fields for part in field])
    if len(plain.translate(None, _CONTROLS)) != len(plain):
        raise RuntimeError("A header holds a control character.")
    return b"".join([b"%b: %b\r\n" % field for field in fields])


def status_line(status: int) -> bytes:
    """Return the first line of an answer."""
    return _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status


def end_of_head(*, keeps: bool, is_old: bool) -> bytes:
    """Return the end of a head; `keeps` says whether the connection stays, `is_old` HTTP/1.0."""
    if not keeps:
        return b"connection: close\r\n\r\n"
    return b"connection: keep-alive\r\n\r\n" if is_old else b"\r\n"


class DefaultLines:
    """The lines of the headers that the server adds; it makes a new list of them each second."""

    def __init__(self) -> None:
        self._headers: Headers = []
        self._lines = b""

    def of(self, headers: Headers) -> bytes:
        """Return the lines of a list, which are kept for as long as it is the same list."""
        if headers is not self._headers:
            self._headers, self._lines = headers, header_lines(headers)
        return self._lines
