"""How many connections and listeners there may be, in total and for each client address."""

from collections import Counter
from dataclasses import dataclass, field
from ipaddress import ip_address

from app.kit.networks import Network, client_network, contains, parse_networks

_UNLIMITED = 1_000_000_000
_LOOPBACK = parse_networks("127.0.0.0/8, ::1")


class Seats:
    """Counts what takes a seat, in total (`taken`) and for each client."""

    def __init__(self, total: int = _UNLIMITED, each: int = _UNLIMITED) -> None:
        """Allow so many at most, and so many to each client."""
        self._total, self._each, self.taken = total, each, 0
        self._by_client: Counter[str | None] = Counter()

    def take(self, client: str | None) -> bool:
        """Take a seat if one is free; there is no limit for each client where it is None."""
        is_one_too_many = client is not None and self._by_client[client] >= self._each
        if is_one_too_many or self.taken >= self._total:
            return False
        self.taken += 1
        self._by_client[client] += 1
        return True

    def free(self, client: str | None) -> None:
        """Give back a seat that was taken."""
        self.taken -= 1
        self._by_client[client] -= 1
        if not self._by_client[client]:
            del self._by_client[client]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seats for connections and listeners, and the networks without a limit for each address."""

    connections: Seats = field(default_factory=Seats)
    listeners: Seats = field(default_factory=Seats)
    trusted: tuple[Network, ...] = ()

    def client(self, host: str | None) -> str | None:
        """Return what counts as one client: an IPv4 address, or an IPv6 network of 64 bits.

        Loopback, trusted proxies and sockets without an address count as none.
        """
        try:
            address = ip_address(host or "")
        except ValueError:
            return None
        is_ours = contains((*_LOOPBACK, *self.trusted), address)
        return None if is_ours else client_network(address)
