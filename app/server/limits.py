"""Limits of connections and listeners, in total and for each client address."""

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address

from app.kit.networks import Network, client_network, contains, parse_networks

_UNLIMITED = 1_000_000_000
_LOOPBACK = parse_networks("127.0.0.0/8, ::1")


class SlotCounter:
    """Counts used slots, in total (`used`) and for each client."""

    def __init__(self, total: int = _UNLIMITED, per_client: int = _UNLIMITED) -> None:
        """Set the limits."""
        self._total, self._per_client, self.used = total, per_client, 0
        self._by_client: Counter[str | None] = Counter()

    def acquire(self, client: str | None) -> bool:
        """Take a slot, and return True, if one is free; without a client, only `total` applies."""
        is_client_full = client is not None and self._by_client[client] >= self._per_client
        if is_client_full or self.used >= self._total:
            return False
        self.used += 1
        self._by_client[client] += 1
        return True

    def release(self, client: str | None) -> None:
        """Return a slot."""
        self.used -= 1
        self._by_client[client] -= 1
        if not self._by_client[client]:
            del self._by_client[client]


@dataclass(frozen=True, slots=True)
class Limits:
    """Slots of connections and listeners; `trusted` networks have no limit for each address."""

    connections: SlotCounter = field(default_factory=SlotCounter)
    listeners: SlotCounter = field(default_factory=SlotCounter)
    trusted: tuple[Network, ...] = ()

    def find_client(self, host: str | None) -> str | None:
        """Return what counts as a client: an IPv4 address, or an IPv6 network of 64 bits.

        Return None for loopback, trusted proxies, and sockets without an address.
        """
        try:
            address = ip_address(host or "")
        except ValueError:
            return None
        is_trusted = contains((*_LOOPBACK, *self.trusted), address)
        return None if is_trusted else client_network(address)
