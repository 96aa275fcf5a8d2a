"""The address of a client: the last one in the header that is no trusted proxy."""

import pytest

from app.api.http.clients import client_address, client_of
from app.settings import Settings

_PEER = "192.0.2.1"
_TRUSTED = "192.0.2.0/24"


def _address(header: str, value: str | None, peer: str = _PEER) -> str | None:
    settings = Settings(
        database_url="sqlite:///none.db", trusted_proxies=_TRUSTED, proxy_header=header
    )
    fields = [] if value is None else [(header.lower().encode(), value.encode())]
    return client_address({"client": (peer, 1), "headers": fields}, settings)


@pytest.mark.parametrize(
    ("value", "address"),
    [
        (None, _PEER),
        ("203.0.113.9", "203.0.113.9"),
        ("1.2.3.4, 203.0.113.9, 192.0.2.7", "203.0.113.9"),
        ("192.0.2.8, 192.0.2.7", "192.0.2.8"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("203.0.113.9, nobody, 192.0.2.7", _PEER),
        ("203.0.113.9,", _PEER),
        ("", _PEER),
    ],
)
def test_a_list_of_addresses_is_read_from_its_end(value: str | None, address: str) -> None:
    assert _address("X-Forwarded-For", value) == address


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("for=203.0.113.9", "203.0.113.9"),
        ('For="203.0.113.9:4711";proto=https;by=192.0.2.1', "203.0.113.9"),
        ('for=1.2.3.4, for="[2001:db8::1]:4711", for=192.0.2.7', "2001:db8::1"),
        ('by="a,b;for=1.2.3.4";for=203.0.113.9', "203.0.113.9"),
        ("for=203.0.113.9, for=_hidden", _PEER),
        ("for=203.0.113.9, for=unknown", _PEER),
        ("for=203.0.113.9, proto=https", _PEER),
        ("203.0.113.9", _PEER),
        ('for="203.0.113.9', _PEER),
        ("for=203.0.113.9" + " " * 2_000, _PEER),
    ],
)
def test_forwarded_is_parsed_according_to_rfc_7239(value: str, address: str) -> None:
    assert _address("Forwarded", value) == address


def test_headers_of_untrusted_clients_are_ignored() -> None:
    assert _address("X-Forwarded-For", "203.0.113.9", peer="198.51.100.1") == "198.51.100.1"
    assert _address("Forwarded", "for=203.0.113.9", peer="198.51.100.1") == "198.51.100.1"


def test_an_ipv6_client_counts_by_its_network() -> None:
    settings = Settings(database_url="sqlite:///none.db")
    clients = [("2001:db8:0:1::1", 1), ("2001:db8:0:1:ffff::2", 1)]
    names = {client_of({"client": client, "headers": []}, settings) for client in clients}
    assert names == {"2001:db8:0:1::/64"}
