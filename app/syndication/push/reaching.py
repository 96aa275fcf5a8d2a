"""Whether somebody else's address may be sent to: asked when it is written, as far as it tells."""

from app.kit.errors import InvalidInput
from app.kit.networks import AllowedNetworks, extract_host, parse_ip

_LOCAL = ("localhost", ".localhost", ".local", ".internal")


def is_reachable(url: str, reach: AllowedNetworks) -> bool:
    """Tell whether an address may be sent to, as far as it says by itself.

    What a name stands for is looked up when a request is sent, each time.
    """
    host = extract_host(url)
    if host is None:
        return False
    known = parse_ip(host)
    if known is not None:
        return reach.includes(known)
    return bool(reach.allowed) or not host.endswith(_LOCAL)


def need_reachable(url: str, reach: AllowedNetworks, pointer: str) -> None:
    """Refuse an address inside the network, in whatever form it is written."""
    if not is_reachable(url, reach):
        raise InvalidInput.at(
            pointer,
            "address_refused",
            "This address is inside the network. The operator may allow networks in "
            "DATELINE_PUSH_NETWORKS.",
        )
