"""How many connections and listeners there may be, in total and for each client address."""

from collections import Counter
from ipaddress import ip_address

from app.kit.networks import Network, client_network, contains

_UNLIMITED = 1_000_000_000


class Seats:
    """Counts what takes a seat, in total and for each client."""

    def __init__(self, total: int = _UNLIMITED, each: int = _UNLIMITED) -> None:
        """Allow so many at most, and so many to each client."""
        self._total = total
        self._each = each
        self._taken = 0
        self._by_client: Counter[str] = Counter()

    def take(self, client: str | None) -> bool:
        """Take a seat if one is free; there is no limit for each client where it is None."""
        if self._taken >= self._total:
            return False
        if client is not None:
            if self._by_client[client] >= self._each:
                return False
            self._by_client[client] += 1
        self._taken += 1
        return True

    def free(self, client: str | None) -> None:
        """Give back a seat that was taken."""
        self._taken -= 1
        if client is not None:
            self._by_client[client] -= 1
            if not self._by_client[client]:
                del self._by_client[client]


class Limits:
    """Seats for connections and listeners, and the networks without a limit for each address."""

    def __init__(
        self,
        connections: Seats | None = None,
        listeners: Seats | None = None,
        trusted: tuple[Network, ...] = (),
    ) -> None:
        """Limit nothing but what is named."""
        self.connections = connections or Seats()
        self.listeners = listeners or Seats()
        self._trusted = trusted

    def client(self, host: str | None) -> str | None:
        """Return what counts as one client: an IPv4 address, or an IPv6 network of 64 bits.

        Loopback, trusted proxies and sockets without an address count as none.
        """
        try:
            address = ip_address((host or "").partition("%")[0])
        except ValueError:
            return None
        mapped = getattr(address, "ipv4_mapped", None) or address
        if mapped.is_loopback or contains(self._trusted, address):
            return None
        return client_network(address)
