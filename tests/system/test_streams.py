"""Streams through a shared cache: each client gets its own events immediately."""

from contextlib import closing
from http.client import HTTPConnection, HTTPResponse

import pytest

from tests.system.conftest import Site
from tests.system.programs import SharedCache

pytestmark = pytest.mark.system
_LISTENERS = 3


def _listen(connection: HTTPConnection) -> HTTPResponse:
    connection.request("GET", "/v1/stream")
    answer = connection.getresponse()
    assert answer.status == 200
    assert (answer.getheader("content-type") or "").startswith("text/event-stream")
    return answer


def test_all_subscribers_of_a_stream_get_events_immediately(site: Site, cache: SharedCache) -> None:
    connections = [HTTPConnection("127.0.0.1", cache.port, timeout=10) for _ in range(_LISTENERS)]
    try:
        streams = [_listen(connection) for connection in connections]
        story = site.story()
        for stream in streams:
            with closing(stream):
                while story["id"].encode() not in (line := stream.readline()):
                    assert line, "the stream ended"
    finally:
        for item in connections:
            item.close()
