"""Addresses: which are accepted, and how they are written for programs that take only ASCII."""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from unicodedata import category, normalize
from urllib.parse import quote, urlsplit, urlunsplit

_CHARACTERS = (
    r"[0-9A-Za-z;/?:@&=+$.\-_!~*'(),]*(?:%[0-9A-Fa-f]{2}[0-9A-Za-z;/?:@&=+$.\-_!~*'(),]*)*"
)
_URI = re.compile(rf"[A-Za-z][0-9A-Za-z+.-]*:{_CHARACTERS}(?:#{_CHARACTERS})?")
_SAFE = ";/?:@&=+$.-_!~*'(),%"
_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WEB = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
_ASCII_HOST = re.compile(r"[0-9A-Za-z._-]+")
# RFC 1035, section 2.3.4, without the root.
_LONGEST_NAME, _LONGEST_LABEL = 253, 63
_LARGEST_PORT = 65_535
# Joiners and implicit directional marks (UAX 9, section 2.6). Addresses of publishers in Arabic
# and Persian have them; unlike overrides and isolates they do not reorder the text around them.
_WRITTEN_WITH = "\u061c\u200c\u200d\u200e\u200f"


def find_address_problem(address: str) -> str | None:
    """Return what is wrong with an absolute http or https address, or nothing.

    This is the one rule for every address that is accepted. The host consists of letters of any
    script, digits, `-`, `.` and `_`, or is an IPv6 address in brackets; a port may follow. Nothing
    in the address is a space, a control character or an invisible format character, but for the
    joiners and directional marks that scripts such as Arabic are written with, after the host.
    """
    if not is_visible(address):
        return "An address has no spaces, control characters or invisible characters in it"
    web = _WEB.match(address)
    if web is None:
        return "Expected an absolute http or https address"
    authority = _AUTHORITY.fullmatch(web[1])
    if authority is None or not is_host(authority[1]):
        return (
            "The host of an address consists of letters, digits, '-', '.' and '_', or is an IPv6 "
            "address in brackets; no user name may stand before it"
        )
    port = authority[2]
    if port is not None and not 0 < int(port) <= _LARGEST_PORT:
        return "The port of an address is a number from 1 to 65535"
    return None


def is_visible(address: str) -> bool:
    """Tell whether an address has no space, control or format character (such as U+202E) in it.

    Joiners and implicit directional marks are part of how some scripts are written.
    """
    if address.isascii():
        return address.isprintable() and " " not in address
    return all(category(one)[0] not in "CZ" or one in _WRITTEN_WITH for one in address)


def is_host(host: str) -> bool:
    """Tell whether a host is a name (RFC 5890) or an IPv6 address in brackets."""
    # A label in ASCII is no shorter. To encode long ones takes time with the cube of their length.
    labels = host.split(".")
    is_short = len(host) <= _LONGEST_NAME + 1 and max(map(len, labels)) <= _LONGEST_LABEL
    return is_short and _is_short_host(host)


@lru_cache(maxsize=1_000)
def _is_short_host(host: str) -> bool:
    if host.startswith("["):
        return _is_ipv6(host[1:-1])
    if not host.isascii():
        # A letter may stand for others that no host has, such as U+FDFA for words with spaces.
        both = f"{host}{normalize('NFKC', host)}"
        if not all(_is_in_name(character) for character in both):
            return False
    elif _ASCII_HOST.fullmatch(host) is None:
        return False
    try:
        name = host.removesuffix(".").encode("idna").decode()
    except UnicodeError:
        return False
    labels = name.split(".")
    return len(name) <= _LONGEST_NAME and all(0 < len(one) <= _LONGEST_LABEL for one in labels)


def to_uri(address: str) -> str:
    """Return an address in any script as a URI (RFC 3987, section 3.1)."""
    if _URI.fullmatch(address):
        return address
    whole = _BARE_PERCENT.sub("%25", address)
    try:
        parts = urlsplit(whole)
    except ValueError:
        return quote(whole, safe=_SAFE)
    rest = (quote(one, safe=_SAFE) for one in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, _authority(parts.netloc), *rest))


def _authority(netloc: str) -> str:
    """Return a host and its port in ASCII; what was stored and is no host is percent-encoded."""
    found = _AUTHORITY.fullmatch(netloc)
    if found is None or not is_host(found[1]):
        return quote(netloc, safe=":@[]%")
    host, port = found.groups()
    name = host if host.startswith("[") else host.encode("idna").decode()
    return name if port is None else f"{name}:{port}"


def _is_in_name(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character in "-._"
    kind = category(character)
    return kind[0] in "LM" or kind == "Nd"


def _is_ipv6(text: str) -> bool:
    try:
        return "%" not in text and bool(IPv6Address(text).exploded)
    except AddressValueError:
        return False
