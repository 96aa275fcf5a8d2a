"""Web addresses (IRIs): validation, and conversion to ASCII URIs."""

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
# Joiners and implicit directional marks (UAX 9, section 2.6). Arabic and Persian addresses contain
# them; unlike overrides and isolates, they do not reorder the text around them.
_ALLOWED_MARKS = "\u061c\u200c\u200d\u200e\u200f"


def find_address_problem(address: str) -> str | None:
    """Return what is wrong with an absolute http or https address, or None.

    All addresses in inputs follow this rule. The host consists of letters of any script, digits,
    `-`, `.` and `_`, or is an IPv6 address in brackets; a port may follow. Spaces, control
    characters and invisible format characters are not allowed, except, after the host, the joiners
    and directional marks that scripts such as Arabic need.
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
    """Tell whether an address has no space, control or format character (such as U+202E).

    Joiners and implicit directional marks are allowed, since some scripts need them.
    """
    if address.isascii():
        return address.isprintable() and " " not in address
    return all(
        category(character)[0] not in "CZ" or character in _ALLOWED_MARKS for character in address
    )


def is_host(host: str) -> bool:
    """Tell whether a host is a name (RFC 5890) or an IPv6 address in brackets."""
    # IDNA encoding takes cubic time, so long labels are refused first. Encoding never shortens.
    labels = host.split(".")
    is_short = len(host) <= _LONGEST_NAME + 1 and max(map(len, labels)) <= _LONGEST_LABEL
    return is_short and _is_short_host(host)


@lru_cache(maxsize=1_000)
def _is_short_host(host: str) -> bool:
    if host.startswith("["):
        return _is_ipv6(host[1:-1])
    if not host.isascii():
        # NFKC may turn a letter into characters that no host has: U+FDFA becomes words with spaces.
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
    return len(name) <= _LONGEST_NAME and all(0 < len(label) <= _LONGEST_LABEL for label in labels)


def to_uri(address: str) -> str:
    """Convert an IRI to a URI (RFC 3987, section 3.1)."""
    if _URI.fullmatch(address):
        return address
    whole = _BARE_PERCENT.sub("%25", address)
    try:
        parts = urlsplit(whole)
    except ValueError:
        return quote(whole, safe=_SAFE)
    rest = (quote(part, safe=_SAFE) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, _authority(parts.netloc), *rest))


def _authority(netloc: str) -> str:
    """Return host and port in ASCII; percent-encode a stored authority that is not valid."""
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
