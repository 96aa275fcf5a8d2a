"""Bytes of a connection as requests: ASGI scopes, and the bodies that follow them."""

import logging
from typing import TYPE_CHECKING

import httptools

from app.server.interface import Headers, Scope
from app.server.target import (
    Refused,
    check_headers,
    check_query,
    refused_target,
    split_target,
)

if TYPE_CHECKING:
    from app.server.protocol import HttpProtocol

# Request line and headers, or trailers, of one request, in bytes.
LONGEST_HEAD = 64 * 1024
_TOO_LARGE = Refused("head_too_large", f"A head may have {LONGEST_HEAD} bytes at the most.")
_log = logging.getLogger("dateline.server")


class RequestReader:
    """Parses what a client sends; the parser calls the methods `on_…`."""

    def __init__(self, connection: "HttpProtocol", base: Scope) -> None:
        """Give requests to a connection; `base` is what all their scopes share."""
        self._connection, self._base = connection, base
        self._parser = httptools.HttpRequestParser(self)
        self._detour = b""
        # Bytes since a request began, its head was complete, or a part of its body came.
        self._fed = 0
        self.requests = 0
        self._replays = self.in_head = self.in_body = self.is_done = False

    def close(self) -> None:
        """Let go of the parser, which holds this object too."""
        del self._parser

    def feed(self, data: bytes) -> None:
        """Parse bytes, unless the last request is complete; raises `Refused`."""
        if self.is_done:
            return
        self._fed += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            # What comes behind a last request is no fault of that request.
            if not self.is_done:
                raise _reason(error, data) from None
        if self._fed > LONGEST_HEAD:
            raise _TOO_LARGE

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.requests += 1
        self.in_head = True
        self._fed, self._url = 0, b""
        self._headers: Headers = []

    def on_url(self, part: bytes) -> None:
        """Take a part of the target."""
        self._url += part
        check_query(self._url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer, which nobody asks for."""
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Give a request to the connection."""
        self.in_head = False
        if self._replays:
            self._replays = False
        else:
            self._complete()

    def on_body(self, part: bytes) -> None:
        """Give a part of a body to the connection."""
        self._fed = 0
        self._connection.on_body(part)

    def on_message_complete(self) -> None:
        """End a request, unless the parser believes that its body is another protocol."""
        if not self._detour:
            self.in_body = False
            self.is_done = not self._keeps
            self._connection.on_end()

    def _complete(self) -> None:
        parser, headers = self._parser, self._headers
        if self._fed > LONGEST_HEAD // 2:
            size = sum(len(name) + len(value) + 4 for name, value in headers)
            if size + len(self._url) > LONGEST_HEAD:
                raise _TOO_LARGE
        self._fed = 0
        version, method = parser.get_http_version(), parser.get_method().decode("ascii")
        fields = dict(headers)
        check_headers(version, fields, headers)
        path, raw, query = split_target(method, self._url, headers)
        own = {"http_version": version, "method": method, "path": path, "raw_path": raw}
        scope = {**self._base, **own, "query_string": query, "headers": headers}
        self._keeps = parser.should_keep_alive()
        self.in_body = True
        has_body = b"content-length" in fields or b"transfer-encoding" in fields
        if has_body and parser.should_upgrade():
            self._detour = self._head_of_body(fields)
        expects = version == "1.1" and fields.get(b"expect", b"").lower() == b"100-continue"
        self._connection.on_request(scope, keeps=self._keeps, expects=expects, has_body=has_body)

    def _head_of_body(self, fields: dict[bytes, bytes]) -> bytes:
        """Return a head after which the parser reads the body of a request with `Upgrade`."""
        length = fields.get(b"content-length")
        framing = b"transfer-encoding: chunked" if length is None else b"content-length: " + length
        closes = b"" if self._keeps else b"connection: close\r\n"
        return b"POST / HTTP/1.1\r\n%b%b\r\n\r\n" % (closes, framing)

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Go on in HTTP/1.1: a server may ignore `Upgrade` (RFC 9110, section 7.8)."""
        if self._detour:
            head, self._detour = self._detour, b""
            self._replays = True
            # The parser that is here may take no more, behind `Connection: close`.
            self._parser = httptools.HttpRequestParser(self)
            self._parser.feed_data(head)
        if rest:
            self.feed(rest)


def _reason(error: httptools.HttpParserError, data: bytes) -> Refused:
    """Return what a request is refused for, which one of the methods `on_…` may have raised."""
    if isinstance(error.__context__, Refused):
        return error.__context__
    if isinstance(error, httptools.HttpParserInvalidURLError):
        return refused_target(data)
    if isinstance(error, httptools.HttpParserCallbackError):
        _log.error("a request could not be taken", exc_info=error.__context__)
        return Refused("internal", "The request could not be answered.")
    return Refused("malformed_request", "This is not a request of HTTP/1.1.")
