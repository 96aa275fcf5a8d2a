"""Bytes of a connection as requests: ASGI scopes, and the bodies that follow them."""

import logging
import re
from math import inf
from types import SimpleNamespace
from typing import TYPE_CHECKING
from urllib.parse import quote

import httptools

from app.server.interface import Headers, Scope
from app.server.request_head import (
    NOT_HTTP,
    RequestRefused,
    check_headers,
    check_query,
    split_target,
)

if TYPE_CHECKING:
    from app.server.protocol import HttpProtocol

# Request line and headers, or trailers, of one request, in bytes.
LONGEST_HEAD = 64 * 1024
# What is parsed at once.
_SLICE = 16 * 1024
_NOT_ASCII = re.compile(rb"^[A-Z]+ ([^ \r\n]*[\x80-\xff][^ \r\n]*) HTTP/", re.MULTILINE)
# Whatever may stand in a target as it is; the `%` of what is encoded, too.
_PLAIN = "/-._~!$&'()*+,;=:@?#[]%"
_log = logging.getLogger("dateline.server")


class RequestReader:
    """Parses what a client sends, one request at a time; the parser calls the methods `on_…`."""

    def __init__(self, connection: "HttpProtocol", base: Scope) -> None:
        """Give requests to a connection; `base` is what all their scopes share."""
        self._connection, self._base = connection, base
        self._parser = httptools.HttpRequestParser(self)
        # Parses a body that the other takes for another protocol, because of `Upgrade`.
        self._body_parser: httptools.HttpRequestParser | None = None
        # Bytes since a request began, its head was complete, or a part of its body came.
        self._parsed_bytes, self._tail = 0, b""
        self.requests = self.received = 0
        # Bytes of a body that are to come; nobody knows how many while it comes in chunks.
        self.body_remaining: float = 0
        self.in_head = self.is_http_1_0 = False

    def close(self) -> None:
        """Let go of the parsers, which hold this object too."""
        del self._parser, self._body_parser

    def feed(self, data: bytearray) -> None:
        """Parse bytes and remove them, not beyond the end of a request; raises `RequestRefused`."""
        part = self._take_bytes(data)
        self._parsed_bytes += len(part)
        if self._parsed_bytes > LONGEST_HEAD:
            raise RequestRefused(
                "head_too_large", f"A head may have {LONGEST_HEAD} bytes at the most."
            )
        try:
            (self._body_parser or self._parser).feed_data(part)
        except httptools.HttpParserUpgrade:
            # A server may ignore it (RFC 9110, section 7.8). The parser goes on with the next head.
            return
        except httptools.HttpParserError as error:
            raise _find_refusal(error, part) from None

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.requests += 1
        self.in_head = True
        self._url = b""
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
        self.in_head, self._parsed_bytes, self.received = False, 0, 0
        parser, headers = self._parser, self._headers
        version, method = parser.get_http_version(), parser.get_method().decode("ascii")
        self.is_http_1_0, fields = version == "1.0", dict(headers)
        check_headers(version, fields, headers)
        path, raw, query = split_target(method, self._url, headers)
        own = {"http_version": version, "method": method, "path": path, "raw_path": raw}
        scope = {**self._base, **own, "query_string": query, "headers": headers}
        self.body_remaining = (
            inf if b"transfer-encoding" in fields else int(fields.get(b"content-length", 0))
        )
        if self.body_remaining and parser.should_upgrade():
            self._parse_body_apart()
        expects_continue = (
            version == "1.1" and fields.get(b"expect", b"").lower() == b"100-continue"
        )
        self._connection.on_request(
            scope, keep_alive=parser.should_keep_alive(), expects_continue=expects_continue
        )

    def on_body(self, part: bytes) -> None:
        """Give a part of a body to the connection."""
        self._parsed_bytes = 0
        self.received += len(part)
        self.body_remaining -= len(part)
        self._connection.on_body(part)

    def on_message_complete(self) -> None:
        """End a request, unless its body is parsed apart."""
        if self._body_parser is None:
            self._end()

    def _end(self) -> None:
        self._body_parser, self._parsed_bytes, self.body_remaining = None, 0, 0
        self._connection.on_body(b"")

    def _take_bytes(self, data: bytearray) -> bytes:
        """Take the next bytes; heads, and bodies in chunks, end with an empty line."""
        if 0 < self.body_remaining < inf:
            size = int(min(self.body_remaining, _SLICE))
        else:
            head, end, _ = (self._tail + data[:_SLICE]).partition(b"\r\n\r\n")
            size = len(head) + len(end) - len(self._tail)
        part = bytes(data[:size])
        del data[:size]
        self._tail = (self._tail + part)[-3:]
        return part

    def _parse_body_apart(self) -> None:
        """Let a parser that knows of no `Upgrade` take the body."""
        callbacks = SimpleNamespace(on_body=self.on_body, on_message_complete=self._end)
        self._body_parser = httptools.HttpRequestParser(callbacks)
        is_chunked = self.body_remaining == inf
        framing = (
            "transfer-encoding: chunked" if is_chunked else f"content-length: {self.body_remaining}"
        )
        self._body_parser.feed_data(f"POST / HTTP/1.1\r\n{framing}\r\n\r\n".encode())


def _find_refusal(error: httptools.HttpParserError, data: bytes) -> RequestRefused:
    """Return what a request is refused for, which one of the methods `on_…` may have raised."""
    if isinstance(error.__context__, RequestRefused):
        return error.__context__
    found = isinstance(error, httptools.HttpParserInvalidURLError) and _NOT_ASCII.search(data)
    if found:
        encoded = f"Percent-encode what is not ASCII: send '{quote(found[1], safe=_PLAIN)}'."
        return RequestRefused("malformed_request", encoded)
    if isinstance(error, httptools.HttpParserCallbackError):
        _log.error("a request could not be taken", exc_info=error.__context__)
        return RequestRefused("internal", "The request could not be answered.")
    return RequestRefused(*NOT_HTTP)
