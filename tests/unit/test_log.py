"""Log lines: as text and as JSON, without keys."""

import logging
from typing import Literal

import pytest
from starlette.testclient import TestClient

from app.access.keys import PREFIX_LENGTH, generate_key
from app.kit import json
from app.kit.process.log import configure_logging
from tests.newsroom import Newsroom

Form = Literal["text", "json"]


@pytest.fixture(params=["text", "json"])
def form(request: pytest.FixtureRequest) -> Form:
    name: Form = request.param
    return name


def test_a_json_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        extra = {"request_id": "r-1", "key": "dl_abcdefgh", "authorization": "Bearer secret"}
        logging.getLogger("dateline.api").exception("a\nb %s", "ü", extra=extra)
    (line,) = capsys.readouterr().err.splitlines()
    value = json.loads(line)
    assert value.keys() == {"at", "level", "logger", "message", "request_id", "key", "exception"}
    assert (value["level"], value["message"], value["request_id"]) == ("error", "a\nb ü", "r-1")
    assert value["at"].endswith("Z")
    assert "secret" not in line


def test_a_text_line_is_short(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning", "text")
    logging.getLogger("dateline").info("not this")
    logging.getLogger("dateline").warning("but this")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(" warning but this")


def test_uvicorn_logs_each_line_once_in_the_same_format(
    form: Form, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("info", form)
    logging.getLogger("uvicorn.error").info("started")
    logging.getLogger("uvicorn.access").info("GET /")
    written = capsys.readouterr().err
    assert written.count("started") == 1
    assert "GET /" not in written


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_no_key_is_ever_logged(
    form: Form,
    client: TestClient,
    newsroom: Newsroom,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure_logging("debug", form)
    key = newsroom.headers["authorization"].removeprefix("Bearer ")
    unknown = generate_key()
    newsroom.article("Logged")
    newsroom.call("POST", "/articles", json={"title": 1})
    client.get("/v1/headlines", headers={"x-api-key": key})
    client.get("/v1/headlines", headers={"x-api-key": unknown})
    client.get(f"/v1/headlines?key={key}")
    monkeypatch.setattr("app.delivery.queries.DeliveryQueries.list_stories", _fail)
    client.get("/v1/headlines", headers={"authorization": f"Bearer {key}"})
    for handler in logging.getLogger("dateline").handlers:
        handler.flush()
    written = capsys.readouterr().err
    assert "/v1/headlines" in written
    for secret in (key, unknown):
        assert secret not in written
        assert secret[PREFIX_LENGTH:] not in written


def test_access_lines_are_buffered_and_flushed_before_warnings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info", "text")
    logging.getLogger("dateline.access").info("one")
    assert capsys.readouterr().err == ""
    logging.getLogger("dateline").warning("two")
    logging.getLogger("dateline.access").info("three")
    logging.shutdown()
    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == [
        "one",
        "two",
        "three",
    ]


def _fail(*_: object) -> None:
    raise RuntimeError("something broke")
