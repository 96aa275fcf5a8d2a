"""Internal addresses are recognized in every notation."""

from ipaddress import ip_address

import pytest

from app.kit.networks import AllowedNetworks, parse_ip, parse_networks

INSIDE = """
    127.0.0.1 127.255.255.254 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1
    169.254.169.254 169.254.0.1 100.64.0.1 100.100.100.200 192.0.0.192 192.0.2.1 198.18.0.1
    198.51.100.1 203.0.113.1 192.88.99.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    ::1 :: ::127.0.0.1 ::10.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1
    64:ff9b::7f00:1 64:ff9b::169.254.169.254 64:ff9b::10.0.0.1 64:ff9b:1::1 2002:7f00:1::1
    2002:a9fe:a9fe::1 2002:c0a8:101::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1
    2001:20::1 fe80::1 febf::1 fec0::1 fc00::1 fd00:ec2::254 ff02::1 ff0e::1 100::1 3fff::1 5f00::1
""".split()
OUTSIDE = """
    1.1.1.1 8.8.8.8 172.15.255.255 172.32.0.1 100.63.255.255 100.128.0.1 2606:4700::1111
    ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1
""".split()
NOTATIONS = """
    127.0.0.1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001 0x7F.0.0.0x1
    [::1] [::ffff:127.0.0.1] [0:0:0:0:0:ffff:7f00:1] [::ffff:7f00:1%25eth0]
""".split()


@pytest.mark.parametrize("address", INSIDE)
def test_internal_addresses_are_not_allowed(address: str) -> None:
    assert not AllowedNetworks().includes(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_public_addresses_are_allowed(address: str) -> None:
    assert AllowedNetworks().includes(ip_address(address))


@pytest.mark.parametrize("host", NOTATIONS)
def test_every_notation_of_an_address_is_recognized(host: str) -> None:
    address = parse_ip(host)
    assert address is not None
    assert not AllowedNetworks().includes(address)
    assert AllowedNetworks.parse("127.0.0.0/8, ::1").includes(address)


def test_host_names_are_not_addresses() -> None:
    assert [parse_ip(item) for item in ("example.org", "localhost", "a.127.0.0.1.example")] == [
        None
    ] * 3


def test_an_allowed_network_includes_only_its_addresses() -> None:
    reach = AllowedNetworks.parse("10.1.0.0/16")
    assert reach.includes(ip_address("10.1.2.3"))
    assert reach.includes(ip_address("::ffff:10.1.2.3"))
    assert not reach.includes(ip_address("10.2.0.1"))
    with pytest.raises(ValueError, match="does not appear"):
        AllowedNetworks.parse("everywhere")


def test_a_network_of_mapped_addresses_is_one_of_ipv4() -> None:
    for mapped, plain in (
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:10.1.2.3", "10.1.2.3/32"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::ffff:0:0/95", "::fffe:0:0/95"),
        ("10.1.2.3/8", "10.0.0.0/8"),
    ):
        assert [str(network) for network in parse_networks(mapped)] == [plain]
