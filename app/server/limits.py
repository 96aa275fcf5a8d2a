"""How many connections and listeners there may be, in total and for each client address."""

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address

from app.kit.networks import Network, client_network, contains, parse_networks

_UNLIMITED = 1_000_000_000
_LOOPBACK = parse_networks("127.0.0.0/8, ::1")


class SlotCounter:
    """Counts what takes a seat, in total (`used`) and for each client."""

    def __init__(self, total: int = _UNLIMITED, per_client: int = _UNLIMITED) -> None:
        """Allow so many at most, and so many to each client."""
        self._total, self._per_client, self.used = total, per_client, 0
        self._by_client: Counter[str | None] = Counter()

    def acquire(self, client: str | None) -> bool:
        """Take a seat if one is free; there is no limit for each client where it is None."""
        is_client_full = client is not None and self._by_client[client] >= self._per_client
        if is_client_full or self.used >= self._total:
            return False
        self.used += 1
        self._by_client[client] += 1
        return True

    def release(self, client: str | None) -> None:
        """Give back a seat that was taken."""
        self.used -= 1
        self._by_client[client] -= 1
        if not self._by_client[client]:
            del self._by_client[client]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seats for connections and listeners, and the networks without a limit for each address."""

    connections: SlotCounter = field(default_factory=SlotCounter)
    listeners: SlotCounter = field(default_factory=SlotCounter)
    trusted: tuple[Network, ...] = ()

    def find_client(self, host: str | None) -> str | None:
        """Return what counts as one client: an IPv4 address, or an IPv6 network of 64 bits.

        Loopback, trusted proxies and sockets without an address count as none.
        """
        try:
            address = ip_address(host or "")
        except ValueError:
            return None
        is_trusted = contains((*_LOOPBACK, *self.trusted), address)
        return None if is_trusted else client_network(address)
