"""The access log has a line for each request, with its client and the size of the response."""

import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.api.app import create_app
from app.bootstrap import Services
from app.kit import json
from app.kit.process.log import configure_logging
from app.settings import Settings
from tests.client import make_client
from tests.newsroom import Newsroom
from tests.server.serving import port_of, serve

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
_FROM = {"x-forwarded-for": "203.0.113.7", "x-request-id": "one"}


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment behind a proxy."""
    return Settings(database_url=database_url, trusted_proxies="192.0.2.1")


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    """An anonymous client behind the proxy."""
    with make_client(create_app(services), client=("192.0.2.1", 1)) as test_client:
        yield test_client


def _lines(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "dateline.access"]


def test_every_line_has_the_client_address_and_the_response_size(
    client: TestClient, newsroom: Newsroom, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "dateline.access")
    answers = [
        client.get("/v1/headlines?limit=7", headers=_FROM),
        client.get("/v1/articles/nothing", headers=_FROM),
        client.get("/v1/headlines?limit=none", headers=_FROM),
        client.get("/v1/manage/articles", headers={**_FROM, **newsroom.headers}),
        client.get("/v1/manage/articles", headers=_FROM),
    ]
    assert [answer.status_code for answer in answers] == [200, 404, 400, 200, 401]
    for line, answer in zip(_lines(caplog), answers, strict=True):
        fields = vars(line)
        assert fields["client"] == "203.0.113.7"
        assert fields["bytes"] == len(answer.content)
        assert (fields["method"], fields["status"]) == ("GET", answer.status_code)
        assert fields["request_id"] == "one"
        assert fields["milliseconds"] >= 0
        assert line.getMessage().endswith(" 203.0.113.7")
    routes = [vars(line)["route"] for line in _lines(caplog)]
    assert routes[:2] == ["/v1/headlines", "/v1/articles/{ref}"]


def test_a_304_after_a_computation_is_logged_as_304(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "dateline.access")
    headers = {**_FROM, "if-none-match": "*"}
    assert client.get("/v1/headlines?limit=9", headers=headers).status_code == 304
    (line,) = _lines(caplog)
    assert (vars(line)["status"], vars(line)["bytes"]) == (304, 0)


def test_a_json_line_has_a_field_for_each_value(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("info", "json")
    client.get("/v1/articles/nothing", headers=_FROM)
    for handler in logging.getLogger("dateline").handlers:
        handler.flush()
    fields: dict[str, Any] = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert fields.keys() == {
        *("at", "level", "logger", "message", "request_id", "client", "key"),
        *("method", "route", "status", "bytes", "milliseconds"),
    }


def test_a_client_that_disconnects_is_counted_and_logged(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    logged = threading.Event()

    class Noting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logged.set()

    caplog.set_level(logging.INFO, "dateline.access")
    with serve(create_app(services)) as server:
        address = ("127.0.0.1", port_of(server))
        cursor = make_client(create_app(services)).get("/v1/changes").json()["cursor"]
        caplog.clear()
        logging.getLogger("dateline.access").addHandler(noting := Noting())
        try:
            with socket.create_connection(address) as leaving:
                path = f"/v1/changes?wait=30&cursor={cursor}"
                leaving.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                assert not logged.wait(0.3)
            assert logged.wait(20)
        finally:
            logging.getLogger("dateline.access").removeHandler(noting)
    (line,) = _lines(caplog)
    assert (vars(line)["route"], vars(line)["status"]) == ("/v1/changes", 499)
