"""Check a receiver's URL when it is written, as far as the URL itself tells."""

from app.kit.errors import InvalidInput
from app.kit.networks import AllowedNetworks, extract_host, parse_ip

_LOCAL = ("localhost", ".localhost", ".local", ".internal")


def is_reachable(url: str, reach: AllowedNetworks) -> bool:
    """Tell whether a URL may be sent to, without resolving its host name.

    The name is resolved for each request, and the addresses are checked then.
    """
    host = extract_host(url)
    if host is None:
        return False
    known = parse_ip(host)
    if known is not None:
        return reach.includes(known)
    return bool(reach.allowed) or not host.endswith(_LOCAL)


def require_reachable(url: str, reach: AllowedNetworks, pointer: str) -> None:
    """Refuse a URL inside the network, in any notation."""
    if not is_reachable(url, reach):
        raise InvalidInput.at(
            pointer,
            "address_refused",
            "This address is inside the network. The operator may allow networks in "
            "DATELINE_PUSH_NETWORKS.",
        )
