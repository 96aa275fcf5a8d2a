"""Over TLS, the checked address is used for the connection, and the certificate is for the name."""

import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.bootstrap import bootstrap
from app.kit.http_client import (
    HttpClient,
    HttpFailure,
    HttpOutcome,
    HttpResponse,
    load_trusted_certificates,
)
from app.kit.networks import AllowedNetworks
from app.settings import Settings
from tests.newsroom import Newsroom
from tests.push.conftest import Pushing
from tests.push.test_internal_addresses import name_leads_to
from tests.receiver import Receiver, receiving
from tests.system.programs import require_program

_NAME = "receiver.example"
_DISTRUSTED = HttpFailure("its certificate is not trusted, or is not for its name")
_LOOPBACK = AllowedNetworks.parse("127.0.0.0/8")


@dataclass
class TlsReceiver:
    """A receiver with TLS, the issuer of its certificate, and the requested server names."""

    receiver: Receiver
    authority: Path
    server_names: list[str | None] = field(default_factory=list)

    def url(self, host: str = _NAME) -> str:
        """Return an address of the receiver under some name."""
        return f"https://{host}:{self.receiver.port}/hook"


@pytest.fixture
def dialect() -> str:
    """One database is enough: nothing here depends on it."""
    return "sqlite"


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[TlsReceiver]:
    """Run a receiver with a certificate for its name, from a separate authority."""
    authority, key = _authority(tmp_path)
    certificate = _certificate(tmp_path, authority, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, tmp_path / "receiver.key")
    with receiving(context) as receiver:
        tls_receiver = TlsReceiver(receiver, authority)
        context.sni_callback = lambda _, name, __: tls_receiver.server_names.append(name)
        yield tls_receiver


def test_the_certificate_is_checked_for_the_host_name(
    secured: TlsReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = name_leads_to(monkeypatch, "127.0.0.1")
    assert _send_to(secured, secured.url()) == HttpResponse(204, b"")
    assert looked_up == [_NAME]
    assert secured.server_names == [_NAME]
    (request,) = secured.receiver.requests
    assert request.headers["host"] == f"{_NAME}:{secured.receiver.port}"


def test_a_name_that_ends_with_a_dot_is_the_same_name(
    secured: TlsReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = name_leads_to(monkeypatch, "127.0.0.1")
    assert _send_to(secured, secured.url(f"{_NAME}.")) == HttpResponse(204, b"")
    assert (looked_up, secured.server_names) == ([f"{_NAME}."], [_NAME])


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_a_certificate_of_another_name_is_refused(
    secured: TlsReceiver, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    name_leads_to(monkeypatch, "127.0.0.1")
    assert _send_to(secured, secured.url(host)) == _DISTRUSTED
    assert secured.receiver.requests == []


def test_a_redirect_is_not_followed_over_tls(
    secured: TlsReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_leads_to(monkeypatch, "127.0.0.1")
    secured.receiver.answer = lambda _: 308
    assert _send_to(secured, secured.url()) == HttpResponse(308, b"")
    assert len(secured.receiver.requests) == 1


def test_no_connection_to_an_internal_address_is_opened(
    secured: TlsReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_leads_to(monkeypatch, "127.0.0.1")
    outcome = _send_to(secured, secured.url(), AllowedNetworks())
    assert outcome == HttpFailure("its address is inside the network")
    assert secured.server_names == []


def test_a_certificate_error_is_in_the_delivery_log(
    pushing: Pushing, newsroom: Newsroom, secured: TlsReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_leads_to(monkeypatch, "127.0.0.1")
    webhook = pushing.webhook(secured.url())
    newsroom.story()
    pushing.settle()
    assert [delivery["answer"] for delivery in pushing.log(webhook)] == [_DISTRUSTED.reason]
    assert secured.receiver.requests == []


def test_operators_can_add_a_certificate_authority(
    database_url: str, secured: TlsReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_leads_to(monkeypatch, "127.0.0.1")
    settings = Settings(
        database_url=database_url,
        push_networks="127.0.0.0/8",
        ca_file=str(secured.authority),
        purge_url=secured.url(),
    )
    services = bootstrap(settings)
    assert services.purging is not None
    client = services.push.sender._client
    assert client.send("POST", secured.url(), {}, b"{}") == HttpResponse(204, b"")
    assert services.purging._client._trust is client._trust
    services.close()


def _send_to(secured: TlsReceiver, url: str, reach: AllowedNetworks = _LOOPBACK) -> HttpOutcome:
    client = HttpClient(
        "test", allowed_networks=reach, trust=load_trusted_certificates(str(secured.authority))
    )
    try:
        return client.send("POST", url, {}, b"{}")
    finally:
        client.close()


def _authority(folder: Path) -> tuple[Path, Path]:
    """Create an authority; return its certificate and its key."""
    certificate, key = folder / "authority.pem", folder / "authority.key"
    _openssl(key, certificate, "/CN=Authority", "basicConstraints=critical,CA:TRUE")
    return certificate, key


def _certificate(folder: Path, authority: Path, key: Path) -> Path:
    """Create a certificate for the receiver's name only."""
    certificate = folder / "receiver.pem"
    names = f"subjectAltName=DNS:{_NAME}"
    signed = ["-CA", str(authority), "-CAkey", str(key)]
    _openssl(folder / "receiver.key", certificate, "/CN=Receiver", names, *signed)
    return certificate


def _openssl(key: Path, certificate: Path, subject: str, extension: str, *more: str) -> None:
    command = [require_program("openssl", "openssl"), "req", "-x509", "-nodes", "-days", "2"]
    command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-keyout", str(key), "-out", str(certificate), "-subj", subject]
    subprocess.run([*command, "-addext", extension, *more], check=True, capture_output=True)
