"""Whether somebody else's address may be sent to: asked when it is written, as far as it tells."""

from app.kit.errors import InvalidInput
from app.kit.networks import Reach, host_of, literal

_LOCAL = ("localhost", ".localhost", ".local", ".internal")


def is_reachable(url: str, reach: Reach) -> bool:
    """Tell whether an address may be sent to, as far as it says by itself.

    What a name stands for is looked up when a request is sent, each time.
    """
    host = host_of(url)
    if host is None:
        return False
    known = literal(host)
    if known is not None:
        return reach.takes_in(known)
    return bool(reach.allowed) or not host.endswith(_LOCAL)


def need_reachable(url: str, reach: Reach, pointer: str) -> None:
    """Refuse an address inside the network, in whatever form it is written."""
    if not is_reachable(url, reach):
        raise InvalidInput.at(
            pointer,
            "address_refused",
            "This address is inside the network. The operator may allow networks in "
            "DATELINE_PUSH_NETWORKS.",
        )
