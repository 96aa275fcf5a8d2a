"""Which address a request came from: that of the connection, or what a trusted proxy says."""

from ipaddress import ip_address

from app.api.http.asgi import Scope, header
from app.kit.networks import Address, Network, client_network, contains
from app.settings import Settings

_UNKNOWN = "unknown"


def client_address(scope: Scope, settings: Settings) -> str | None:
    """Return the address of a request's client, or nothing where the connection has none.

    Each proxy adds the address that it was connected from at the end of its header. So it is read
    from its end, for as long as the addresses are those of trusted proxies.
    """
    client = scope.get("client")
    nearest: str | None = client[0] if client else None
    named = header(scope, settings.proxy_header.lower().encode()) or ""
    for text in reversed(named.split(",")):
        if nearest is None or not _is_trusted(nearest, settings.proxies):
            break
        known = _address(text)
        if known is None:
            break
        nearest = str(known)
    return nearest


def client_of(scope: Scope, settings: Settings) -> str:
    """Return what counts as one client: an address, or the /64 network of one of IPv6."""
    address = client_address(scope, settings)
    known = None if address is None else _address(address)
    return client_network(known) if known is not None else address or _UNKNOWN


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
