"""A client that disconnects during its request causes no error."""

import asyncio
import logging

import pytest

from app.api.app import create_app
from app.api.http.asgi import Message
from app.bootstrap import Services
from tests.conftest import key_for


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_client_that_disconnects_during_its_body_is_counted_and_no_error(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b'{"title": ', "more_body": True},
        {"type": "http.disconnect"},
    ]
    responses: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        responses.append(message)

    key = key_for(services, "write").encode()
    headers = [
        (b"host", b"localhost"),
        (b"authorization", b"Bearer " + key),
        (b"content-type", b"application/json"),
    ]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/manage/articles",
        "query_string": b"",
        "headers": headers,
        "state": {},
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
    }

    async def answer() -> None:
        async with asyncio.timeout(30):
            await create_app(services)(scope, receive, send)

    with caplog.at_level(logging.WARNING):
        asyncio.run(answer())
    assert responses[0]["status"] == 400
    assert [record for record in caplog.records if record.exc_info] == []
