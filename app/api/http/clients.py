"""The client address of a request: that of the connection, or one from a trusted proxy."""

import re
from ipaddress import ip_address

from app.api.http.asgi import Scope, header
from app.kit.networks import Address, Network, client_network, contains
from app.settings import Settings

_UNKNOWN = "unknown"
# The elements of `Forwarded`, and the pairs of an element (RFC 7239, section 4). A quoted text may
# contain the separators.
_OF_ELEMENTS = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_OF_PAIRS = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*")+')
# Longer headers are ignored: no chain of proxies needs them.
_LONGEST = 2_000


def client_address(scope: Scope, settings: Settings) -> str | None:
    """Return the address of a request's client, or None if the connection has none.

    Each proxy adds the address that it was connected from at the end of its header. So it is read
    from its end, for as long as the addresses are those of trusted proxies. If one of them is
    not an address, the header is ignored.
    """
    client = scope.get("client")
    peer: str | None = client[0] if client else None
    if peer is None or not _is_trusted(peer, settings.proxies):
        return peer
    address = peer
    for text in reversed(_list_forwarded(scope, settings.proxy_header.lower())):
        if not _is_trusted(address, settings.proxies):
            break
        known = _address(text)
        if known is None:
            return peer
        address = str(known)
    return address


def client_of(scope: Scope, settings: Settings) -> str:
    """Return the key of a client: its IPv4 address, or the /64 network of its IPv6 address."""
    address = client_address(scope, settings)
    known = None if address is None else _address(address)
    return client_network(known) if known is not None else address or _UNKNOWN


def _list_forwarded(scope: Scope, name: str) -> list[str]:
    """Return the addresses in the header of a proxy, the client's first."""
    text = header(scope, name.encode())
    if text is None:
        return []
    if name != "forwarded":
        return text.split(",")
    elements = _OF_ELEMENTS.findall(text) if len(text) <= _LONGEST else [""]
    return [_find_for(element) for element in elements]


def _find_for(element: str) -> str:
    """Return the parameter `for` of an element of `Forwarded` (RFC 7239, section 5.2)."""
    for pair in _OF_PAIRS.findall(element):
        name, _, value = pair.partition("=")
        if name.strip().lower() == "for":
            return str(value).strip().strip('"')
    return ""


def _is_trusted(address: str, proxies: tuple[Network, ...]) -> bool:
    known = _address(address)
    return known is not None and contains(proxies, known)


def _address(text: str) -> Address | None:
    """Read an address as proxies write it, perhaps with brackets, a zone or a port."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None
