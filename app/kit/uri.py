"""Addresses as every program takes them: ASCII, with all else percent-encoded."""

import re
from urllib.parse import quote, urlsplit, urlunsplit

_CHARACTERS = (
    r"[0-9A-Za-z;/?:@&=+$.\-_!~*'(),]*(?:%[0-9A-Fa-f]{2}[0-9A-Za-z;/?:@&=+$.\-_!~*'(),]*)*"
)
_URI = re.compile(rf"[A-Za-z][0-9A-Za-z+.-]*:{_CHARACTERS}(?:#{_CHARACTERS})?")
_SAFE = ";/?:@&=+$.-_!~*'(),%"
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


def uri_of(address: str) -> str:
    """Return an address in any script as a URI (RFC 3987, section 3.1)."""
    if _URI.fullmatch(address):
        return address
    parts = urlsplit(_BARE_PERCENT.sub("%25", address))
    rest = (quote(one, safe=_SAFE) for one in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, _host(parts.netloc), *rest))


def _host(netloc: str) -> str:
    try:
        return netloc.encode("idna").decode()
    except UnicodeError:
        return quote(netloc, safe=":@[]%")
