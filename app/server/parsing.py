"""Bytes of a connection as requests: ASGI scopes, and the bodies that follow them."""

import logging
import re
from math import inf
from types import SimpleNamespace
from typing import TYPE_CHECKING
from urllib.parse import quote

import httptools

from app.server.interface import Headers, Scope
from app.server.target import NO_HTTP, Refused, check_headers, check_query, split_target

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
        self._fed, self._last = 0, b""
        self.requests = self.received = 0
        # Bytes of a body that are to come; nobody knows how many while it comes in chunks.
        self.due: float = 0
        self.in_head = self.is_old = False

    def close(self) -> None:
        """Let go of the parsers, which hold this object too."""
        del self._parser, self._body_parser

    def feed(self, data: bytearray) -> None:
        """Parse bytes and remove them, not beyond the end of a request; raises `Refused`."""
        part = self._take(data)
        self._fed += len(part)
        if self._fed > LONGEST_HEAD:
            raise Refused("head_too_large", f"A head may have {LONGEST_HEAD} bytes at the most.")
        try:
            (self._body_parser or self._parser).feed_data(part)
        except httptools.HttpParserUpgrade:
            # A server may ignore it (RFC 9110, section 7.8). The parser goes on with the next head.
            return
        except httptools.HttpParserError as error:
            raise _reason(error, part) from None

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
        self.in_head, self._fed, self.received = False, 0, 0
        parser, headers = self._parser, self._headers
        version, method = parser.get_http_version(), parser.get_method().decode("ascii")
        self.is_old, fields = version == "1.0", dict(headers)
        check_headers(version, fields, headers)
        path, raw, query = split_target(method, self._url, headers)
        own = {"http_version": version, "method": method, "path": path, "raw_path": raw}
        scope = {**self._base, **own, "query_string": query, "headers": headers}
        self.due = inf if b"transfer-encoding" in fields else int(fields.get(b"content-length", 0))
        if self.due and parser.should_upgrade():
            self._parse_body_apart()
        expects = version == "1.1" and fields.get(b"expect", b"").lower() == b"100-continue"
        self._connection.on_request(scope, keeps=parser.should_keep_alive(), expects=expects)

    def on_body(self, part: bytes) -> None:
        """Give a part of a body to the connection."""
        self._fed = 0
        self.received += len(part)
        self.due -= len(part)
        self._connection.on_body(part)

    def on_message_complete(self) -> None:
        """End a request, unless its body is parsed apart."""
        if self._body_parser is None:
            self._end()

    def _end(self) -> None:
        self._body_parser, self._fed, self.due = None, 0, 0
        self._connection.on_body(b"")

    def _take(self, data: bytearray) -> bytes:
        """Take the next bytes; heads, and bodies in chunks, end with an empty line."""
        if 0 < self.due < inf:
            size = int(min(self.due, _SLICE))
        else:
            head, end, _ = (self._last + data[:_SLICE]).partition(b"\r\n\r\n")
            size = len(head) + len(end) - len(self._last)
        part = bytes(data[:size])
        del data[:size]
        self._last = (self._last + part)[-3:]
        return part

    def _parse_body_apart(self) -> None:
        """Let a parser that knows of no `Upgrade` take the body."""
        callbacks = SimpleNamespace(on_body=self.on_body, on_message_complete=self._end)
        self._body_parser = httptools.HttpRequestParser(callbacks)
        is_chunked = self.due == inf
        framing = "transfer-encoding: chunked" if is_chunked else f"content-length: {self.due}"
        self._body_parser.feed_data(f"POST / HTTP/1.1\r\n{framing}\r\n\r\n".encode())


def _reason(error: httptools.HttpParserError, data: bytes) -> Refused:
    """Return what a request is refused for, which one of the methods `on_…` may have raised."""
    if isinstance(error.__context__, Refused):
        return error.__context__
    found = isinstance(error, httptools.HttpParserInvalidURLError) and _NOT_ASCII.search(data)
    if found:
        encoded = f"Percent-encode what is not ASCII: send '{quote(found[1], safe=_PLAIN)}'."
        return Refused("malformed_request", encoded)
    if isinstance(error, httptools.HttpParserCallbackError):
        _log.error("a request could not be taken", exc_info=error.__context__)
        return Refused("internal", "The request could not be answered.")
    return Refused(*NO_HTTP)
