"""Requests that are malformed, too long, or spelt in an unusual way, as bytes."""

from collections.abc import Iterator

_HOST = b"Host: answers.example\r\n"
_END = b"Connection: close\r\n\r\n"


def requests() -> Iterator[tuple[str, bytes]]:
    """Yield a label and the bytes of each."""
    for label, target in _TARGETS.items():
        yield label, b"GET " + target + b" HTTP/1.1\r\n" + _HOST + _END
    for label, headers in _HEADERS.items():
        yield label, b"GET /v1/headlines?limit=1 HTTP/1.1\r\n" + headers + _END
    for label, content in _BODIES.items():
        yield label, b"POST /v1/manage/articles HTTP/1.1\r\n" + _HOST + content
    yield "HTTP/1.0", b"GET /v1/headlines?limit=1 HTTP/1.0\r\n\r\n"
    yield "HTTP/1.0 with host", b"GET /healthz HTTP/1.0\r\n" + _HOST + b"\r\n"
    yield "HTTP/2.0", b"GET /healthz HTTP/2.0\r\n" + _HOST + _END
    yield "no version", b"GET /healthz\r\n\r\n"
    yield "no request", b"hello\r\n\r\n"
    yield "asterisk", b"OPTIONS * HTTP/1.1\r\n" + _HOST + _END
    yield "connect", b"CONNECT answers.example:80 HTTP/1.1\r\n" + _HOST + _END
    yield "lower case method", b"get /healthz HTTP/1.1\r\n" + _HOST + _END
    yield "bare line feeds", b"GET /healthz HTTP/1.1\nHost: answers.example\nConnection: close\n\n"


_TARGETS = {
    "encoded letter": b"/%76%31/headlines?limit=1",
    "encoded letter of metrics": b"/%6detrics",
    "encoded slash": b"/v1%2Fheadlines",
    "two slashes": b"//v1/headlines",
    "dot segments": b"/v1/../v1/headlines",
    "encoded dots": b"/v1/%2e%2e/healthz",
    "fragment": b"/v1/headlines#top",
    "not ASCII": "/v1/articles/قصة-10".encode(),
    "malformed escape": b"/v1/articles/%zz",
    "semicolon": b"/v1/headlines;x=1",
    "empty query": b"/v1/headlines?",
    "absolute": b"http://answers.example/v1/headlines?limit=1",
    "absolute of another host": b"http://other.example/v1/headlines?limit=1",
    "long path": b"/" + b"a" * 5_000,
    "long query": b"/v1/headlines?tag=" + b"a" * 7_000,
    "longer query": b"/v1/headlines?tag=" + b"a" * 20_000,
    "far too long": b"/v1/headlines?tag=" + b"a" * 100_000,
    "many parameters": b"/v1/headlines?" + b"&".join([b"tag=a"] * 200),
}
_HEADERS = {
    "no host": b"",
    "two hosts": _HOST + _HOST,
    "empty host": b"Host: \r\n",
    "malformed host": b"Host: a b/c\r\n",
    "host with port": b"Host: answers.example:8080\r\n",
    "long header": _HOST + b"X-Long: " + b"a" * 20_000 + b"\r\n",
    "many headers": _HOST + b"".join(b"X-%d: 1\r\n" % number for number in range(200)),
    "space before colon": _HOST + b"X-Odd : 1\r\n",
    "folded header": _HOST + b"X-Odd: 1\r\n 2\r\n",
    "two keys": _HOST + b"Authorization: Bearer a\r\nX-Api-Key: b\r\n",
    "key not ASCII": _HOST + b"Authorization: Bearer \xff\r\n",
    "upgrade": _HOST + b"Upgrade: websocket\r\n",
    "expect": _HOST + b"Expect: 200-ok\r\n",
}
_BODIES = {
    "two lengths": b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "length is no number": b"Content-Length: x\r\n\r\n{}",
    "length and chunks": b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "unknown coding": b"Transfer-Encoding: gzip\r\nConnection: close\r\n\r\n{}",
    "malformed chunk": b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n{}\r\n",
    "chunks": b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
}
