"""Which IP addresses are public, in whatever notation they are written.

A host that a user names could be a machine of the internal network: a database, a cloud's metadata
service, a router. So an address counts as public only if it and every IPv4 address that it
represents are public.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from unicodedata import normalize
from urllib.parse import urlsplit

# RFC 1035, section 2.3.4, without the root.
_LONGEST_NAME = 253
Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IPv6 addresses that represent IPv4 addresses (NAT64, RFC 6052; 6to4, RFC 3056). Python versions
# differ in how they classify 6to4.
_NAT64, _SIXTOFOUR = IPv6Network("64:ff9b::/96"), IPv6Network("2002::/16")
_MAPPED = IPv6Network("::ffff:0:0/96")
# Never public: protocol assignments, former relays and site-local addresses, Teredo.
_NEVER: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "::/96",
        "::ffff:0:0:0/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
    )
)


@dataclass(frozen=True, slots=True)
class AllowedNetworks:
    """Where requests may go: public addresses, and the networks that are allowed in addition."""

    allowed: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, networks: str) -> "AllowedNetworks":
        """Read networks with commas, such as `10.0.0.0/8, ::1`; raise `ValueError` for others."""
        return cls(parse_networks(networks))

    def includes(self, address: Address) -> bool:
        """Tell whether requests to an address are allowed."""
        known = _normalize(address)
        return contains(self.allowed, known) or all(map(_is_public, _find_represented(known)))


def contains(networks: Iterable[Network], address: Address) -> bool:
    """Tell whether an address is in one of the networks."""
    known = _normalize(address)
    return any(known in network for network in networks)


def parse_networks(text: str) -> tuple[Network, ...]:
    """Read networks with commas, such as `10.0.0.0/8, ::1`; raise `ValueError` for others.

    A network of IPv4-mapped addresses becomes the one of IPv4, as addresses do.
    """
    named = [part.strip() for part in text.split(",") if part.strip()]
    return tuple(_normalize_network(ip_network(part, strict=False)) for part in named)


def parse_ip(host: str) -> Address | None:
    """Parse an IP address in any notation, `0x7f.1` and `[::1]` included; None for a name."""
    name = host.strip("[]").partition("%")[0]
    try:
        return ip_address(name)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):
        return None


def extract_host(url: str) -> str | None:
    """Return the host of a URL as it is resolved, or None if it is not valid.

    Names may be in any script, with any Unicode form of dots and digits.
    """
    name = normalize("NFKC", urlsplit(url).hostname or "").replace("\u3002", ".")
    name = name.removesuffix(".").lower()
    if ":" in name:
        return name
    try:
        host = name.encode("idna").decode()
    except UnicodeError:
        return None
    if "%" in host or not 0 < len(host) <= _LONGEST_NAME:
        return None
    # A name that ends in a number is an IP address or invalid (URL standard, section 3.5).
    is_number = host.rpartition(".")[2].isdecimal()
    return None if is_number and parse_ip(host) is None else host


def client_network(address: Address) -> str:
    """Return the network that counts as one client or host: an IPv4 address, or an IPv6 /64.

    An IPv6 address that represents an IPv4 address counts as the latter.
    """
    *_, last = _find_represented(_normalize(address))
    if isinstance(last, IPv4Address):
        return str(last)
    return str(IPv6Network((int(last), 64), strict=False))


def host_network(url: str) -> str | None:
    """Return the host or network that a URL counts for in rate limits; None if it is malformed.

    The port, the path, case, a trailing dot and the notation of the name do not matter.
    """
    host = extract_host(url)
    if host is None:
        return None
    known = parse_ip(host)
    return host.rstrip(".") if known is None else client_network(known)


def _normalize(address: Address) -> Address:
    """Return an address without a zone; an IPv4-mapped one as IPv4."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


def _normalize_network(network: Network) -> Network:
    """Return a network; one of IPv4-mapped addresses as IPv4."""
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        first = int(network.network_address) & 0xFFFFFFFF
        return IPv4Network((first, network.prefixlen - _MAPPED.prefixlen))
    return network


def _find_represented(address: Address) -> Iterable[Address]:
    """Yield an address, and the IPv4 addresses that it represents."""
    yield address
    if isinstance(address, IPv6Address):
        if address.sixtofour is not None:
            yield address.sixtofour
        if address in _NAT64:
            yield IPv4Address(int(address) & 0xFFFFFFFF)


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and (address in _NAT64 or address in _SIXTOFOUR):
        # The IPv4 address that it represents decides.
        return True
    listed = any(address in network for network in _NEVER)
    return address.is_global and not address.is_multicast and not listed
