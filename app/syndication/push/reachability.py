"""Prevent SSRF: refuse receiver URLs that point into the internal network.

This checks the URL when it is saved, without DNS. The HTTP client checks the resolved addresses of
each request.
"""

from app.kit.errors import InvalidInput
from app.kit.networks import AllowedNetworks, extract_host, parse_ip

_LOCAL = ("localhost", ".localhost", ".local", ".internal")


def is_reachable(url: str, reach: AllowedNetworks) -> bool:
    """Tell whether requests to a URL are allowed, without resolving its host name.

    The addresses of the name are checked for each request.
    """
    host = extract_host(url)
    if host is None:
        return False
    known = parse_ip(host)
    if known is not None:
        return reach.includes(known)
    return bool(reach.allowed) or not host.endswith(_LOCAL)


def require_reachable(url: str, reach: AllowedNetworks, *, partner_id: str | None) -> None:
    """Refuse a webhook's URL inside the network, in any notation.

    A partner does not learn what is inside the network.
    """
    if is_reachable(url, reach):
        return
    if partner_id is not None:
        detail = "Events cannot be sent to this address. Use a public one."
    else:
        detail = (
            "This address is inside the network. The operator may allow networks in "
            "DATELINE_PUSH_NETWORKS."
        )
    raise InvalidInput.at("#/url", "address_refused", detail)
