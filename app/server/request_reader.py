"""Parsing of the bytes of a connection to requests: ASGI scopes and bodies."""

import logging
import re
from math import inf
from types import SimpleNamespace
from typing import TYPE_CHECKING
from urllib.parse import quote

import httptools

from app.server.interface import Headers, Scope
from app.server.request_head import NOT_HTTP, Refusal, check_headers, check_query, split_target

if TYPE_CHECKING:
    from app.server.protocol import HttpProtocol

# Request line and headers, or trailers, of one request, in bytes.
LONGEST_HEAD = 64 * 1024
# The number of bytes that are parsed at a time.
_SLICE = 16 * 1024
_NOT_ASCII = re.compile(rb"^[A-Z]+ ([^ \r\n]*[\x80-\xff][^ \r\n]*) HTTP/", re.MULTILINE)
# Characters of a target that need no encoding, the `%` of encoded ones included.
_PLAIN = "/-._~!$&'()*+,;=:@?#[]%"
_log = logging.getLogger("dateline.server")


class RequestReader:
    """Parses requests, one at a time; the parser calls the methods `on_…`."""

    def __init__(self, connection: "HttpProtocol", base: Scope) -> None:
        """Pass requests to a connection; `base` is common to all scopes."""
        self._connection, self._base = connection, base
        self._parser = httptools.HttpRequestParser(self)
        # A second parser for a body that the first takes for another protocol, after `Upgrade`.
        self._body_parser: httptools.HttpRequestParser | None = None
        # Bytes parsed since the last event: begin of a request, end of its head, part of its body.
        self._parsed_bytes, self._tail = 0, b""
        self.requests = self.received = 0
        # Bytes of the body that have not arrived; infinite for a chunked body.
        self.unread: float = 0
        self.in_head = self.is_http10 = False

    def close(self) -> None:
        """Release the parsers, which refer to this object."""
        del self._parser, self._body_parser

    def feed(self, data: bytearray) -> None:
        """Parse and remove bytes up to the end of a request; raises `Refusal`."""
        part = self._take_bytes(data)
        self._parsed_bytes += len(part)
        if self._parsed_bytes > LONGEST_HEAD:
            raise Refusal("head_too_large", f"A head may have {LONGEST_HEAD} bytes at the most.")
        try:
            (self._body_parser or self._parser).feed_data(part)
        except httptools.HttpParserUpgrade:
            # A server may ignore it (RFC 9110, section 7.8). The parser continues with the next
            # head.
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
        """Add a part of the target."""
        self._url += part
        check_query(self._url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header, or a trailer, which is not used."""
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Pass a request to the connection."""
        self.in_head, self._parsed_bytes, self.received = False, 0, 0
        parser, headers, named = self._parser, self._headers, dict(self._headers)
        version, method = parser.get_http_version(), parser.get_method().decode("ascii")
        self.is_http10, keep_alive = version == "1.0", parser.should_keep_alive()
        check_headers(version, named, headers)
        path, raw, query = split_target(method, self._url, headers)
        own = {"http_version": version, "method": method, "path": path, "raw_path": raw}
        scope = {**self._base, **own, "query_string": query, "headers": headers}
        self.unread = inf if b"transfer-encoding" in named else int(named.get(b"content-length", 0))
        if self.unread and parser.should_upgrade():
            self._parse_body_apart()
        expects = version == "1.1" and named.get(b"expect", b"").lower() == b"100-continue"
        self._connection.on_request(scope, keep_alive=keep_alive, expects_100=expects)

    def on_body(self, part: bytes) -> None:
        """Pass a part of a body to the connection."""
        self._parsed_bytes = 0
        self.received += len(part)
        self.unread -= len(part)
        self._connection.on_body(part)

    def on_message_complete(self) -> None:
        """End a request, unless the second parser reads its body."""
        if self._body_parser is None:
            self._end()

    def _end(self) -> None:
        self._body_parser, self._parsed_bytes, self.unread = None, 0, 0
        self._connection.on_body(b"")

    def _take_bytes(self, data: bytearray) -> bytes:
        """Remove the next bytes, up to an empty line: it ends heads and chunked bodies."""
        if 0 < self.unread < inf:
            size = int(min(self.unread, _SLICE))
        else:
            head, end, _ = (self._tail + data[:_SLICE]).partition(b"\r\n\r\n")
            size = len(head) + len(end) - len(self._tail)
        part = bytes(data[:size])
        del data[:size]
        self._tail = (self._tail + part)[-3:]
        return part

    def _parse_body_apart(self) -> None:
        """Parse the body with a second parser, which has not seen `Upgrade`."""
        callbacks = SimpleNamespace(on_body=self.on_body, on_message_complete=self._end)
        self._body_parser = httptools.HttpRequestParser(callbacks)
        is_chunked = self.unread == inf
        framing = "transfer-encoding: chunked" if is_chunked else f"content-length: {self.unread}"
        self._body_parser.feed_data(f"POST / HTTP/1.1\r\n{framing}\r\n\r\n".encode())


def _find_refusal(error: httptools.HttpParserError, data: bytes) -> Refusal:
    """Return the refusal of a request, which a method `on_…` may have raised."""
    if isinstance(error.__context__, Refusal):
        return error.__context__
    found = isinstance(error, httptools.HttpParserInvalidURLError) and _NOT_ASCII.search(data)
    if found:
        encoded = f"Percent-encode what is not ASCII: send '{quote(found[1], safe=_PLAIN)}'."
        return Refusal("malformed_request", encoded)
    if isinstance(error, httptools.HttpParserCallbackError):
        _log.error("a request could not be taken", exc_info=error.__context__)
        return Refusal("internal", "The request could not be answered.")
    return Refusal(*NOT_HTTP)
