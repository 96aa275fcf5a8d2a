"""What a key is bound to: the networks, and the origins of scripts, that it may be used from."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.access.errors import KeyRestricted
from app.kit.networks import Network, contains, parse_ip, parse_networks
from app.kit.quoting import quote_text


@dataclass(frozen=True, slots=True)
class KeyBinding:
    """Networks and origins; an empty collection means no restriction.

    Only browsers are bound by origins: every other client can send any `Origin`.
    """

    networks: tuple[Network, ...] = ()
    origins: frozenset[str] = frozenset()

    def require(self, prefix: str | None, address: str | None, origin: str | None) -> None:
        """Raise `KeyRestricted` for a client address or an origin that is not allowed."""
        if self.networks:
            known = None if address is None else parse_ip(address)
            if known is None or not contains(self.networks, known):
                raise KeyRestricted(
                    f"The key {prefix}… may not be used from the address {address or 'unknown'}."
                )
        if self.origins and (origin is None or origin.lower() not in self.origins):
            sent = "without an origin" if origin is None else f"from {quote_text(origin)}"
            raise KeyRestricted(f"The key {prefix}… may not be used {sent}.")


def read_binding(networks: Sequence[str] | None, origins: Sequence[str] | None) -> KeyBinding:
    """Return the binding of a key from its columns."""
    return KeyBinding(parse_networks(",".join(networks or ())), frozenset(origins or ()))
