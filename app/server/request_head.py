"""The head of a request: its target, its host, and how its body is framed (RFC 9112)."""

import re
from urllib.parse import unquote

from app.server.interface import Headers

LONGEST_QUERY = 8 * 1024
NOT_HTTP = "malformed_request", "This is not a request of HTTP/1.1."
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+;=%-]*)(?::[0-9]*)?")
_ABSOLUTE = re.compile(rb"https?://([^/?#]+)(.*)", re.IGNORECASE | re.DOTALL)


class Refusal(Exception):
    """Raised for a request that the server refuses itself, with a problem code and a detail."""


def check_query(target: bytes) -> None:
    """Refuse a query that is too long; the target may be incomplete."""
    if len(target) > LONGEST_QUERY and len(target.partition(b"?")[2]) > LONGEST_QUERY:
        raise Refusal("query_too_long", f"A query may have {LONGEST_QUERY} bytes at the most.")


def split_target(method: str, target: bytes, headers: Headers) -> tuple[str, bytes, bytes]:
    """Return path, raw path and query of a target.

    The authority of a target in absolute form replaces `Host` in the headers (RFC 9112, section
    3.2.2), so that all checks of the host apply to it.
    """
    if not target.startswith(b"/"):
        target = _to_origin_form(method, target, headers)
    raw, _, query = target.partition(b"#")[0].partition(b"?")
    path = raw.decode("ascii")
    return (unquote(path) if "%" in path else path), raw, query


def _to_origin_form(method: str, target: bytes, headers: Headers) -> bytes:
    if method == "CONNECT":
        raise Refusal("not_implemented", "This server is no proxy.")
    if target == b"*" and method == "OPTIONS":
        return target
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        raise Refusal("malformed_request", "The target is neither a path nor an address.")
    authority, rest = absolute.groups()
    _check_host(authority)
    headers[:] = [(b"host", authority), *(field for field in headers if field[0] != b"host")]
    return rest if rest.startswith(b"/") else b"/" + rest


def check_headers(version: str, fields: dict[bytes, bytes], headers: Headers) -> None:
    """Refuse a head that two servers could interpret differently (request smuggling).

    The parser has refused two lengths already, and a length together with chunks.
    """
    if version not in {"1.1", "1.0"}:
        raise Refusal(*NOT_HTTP)
    host = fields.get(b"host")
    if host is not None:
        if len(fields) != len(headers) and sum(name == b"host" for name, _ in headers) > 1:
            raise Refusal("bad_host", "The request names more than one host.")
        _check_host(host)
    elif version == "1.1":
        raise Refusal("bad_host", "The request names no host.")
    if b"transfer-encoding" in fields:
        _check_coding(version, headers)


def _check_host(host: bytes) -> None:
    if not _HOST.fullmatch(host):
        raise Refusal("bad_host", "The host is no name or address, with or without a port.")


def _check_coding(version: str, headers: Headers) -> None:
    if version == "1.0":
        raise Refusal("malformed_request", "The body of the request has no certain length.")
    codings = [value.strip().lower() for name, value in headers if name == b"transfer-encoding"]
    if codings != [b"chunked"]:
        raise Refusal("not_implemented", "The only Transfer-Encoding known here is chunked.")
