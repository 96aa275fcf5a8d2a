"""Concurrent equal requests share one computation, and a cached response is compressed once."""

import asyncio
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.api.app import create_app
from app.api.cache import entries
from app.api.cache.encoding import Coding, encode
from app.api.cache.middleware import AnswerComputer
from app.api.http.asgi import App, Message
from app.bootstrap import Services
from app.kit import json
from tests.conftest import key_for
from tests.edge.driver import HOST, nothing, request
from tests.newsroom import Newsroom

_TIMEOUT = 60
# An exact count may take long, so it is not computed inline.
_HEADLINES = "/v1/headlines?limit=1&count=exact"


class DelayedComputation:
    """Computes responses; holds back the first one until `release` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.computations = 0
        self.computed, self.release = asyncio.Event(), asyncio.Event()
        compute = AnswerComputer.compute

        async def compute_and_wait(*given: Any) -> Any:
            self.computations += 1
            first = self.computations == 1
            answer = await compute(*given)
            if first:
                self.computed.set()
                await self.release.wait()
            return answer

        monkeypatch.setattr(AnswerComputer, "compute", compute_and_wait)


@pytest.fixture
def delayed_computation(monkeypatch: pytest.MonkeyPatch) -> DelayedComputation:
    return DelayedComputation(monkeypatch)


@pytest.fixture
def own_key(services: Services) -> tuple[bytes, bytes]:
    """The header of a reader with a key."""
    return (b"authorization", b"Bearer " + key_for(services, "read").encode())


async def title(app: App, own_key: tuple[bytes, bytes]) -> str:
    """Return the title of the newest story in the response to a reader with a key."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await app(request(_HEADLINES, (HOST, own_key)), nothing, send)
    assert sent[0]["status"] == 200
    newest: str = json.loads(sent[1]["body"])["data"][0]["title"]
    return newest


def test_concurrent_equal_requests_share_one_computation(
    services: Services,
    newsroom: Newsroom,
    delayed_computation: DelayedComputation,
    own_key: tuple[bytes, bytes],
) -> None:
    newsroom.story("A")
    app = create_app(services)

    async def all_at_once() -> list[str]:
        asking = [asyncio.create_task(title(app, own_key)) for _ in range(12)]
        await delayed_computation.computed.wait()
        await asyncio.sleep(0.05)
        delayed_computation.release.set()
        return await asyncio.gather(*asking)

    assert asyncio.run(asyncio.wait_for(all_at_once(), _TIMEOUT)) == ["A"] * 12
    assert delayed_computation.computations == 1


def test_a_computation_from_before_a_write_is_neither_sent_later_nor_cached(
    services: Services,
    newsroom: Newsroom,
    delayed_computation: DelayedComputation,
    own_key: tuple[bytes, bytes],
) -> None:
    """A request from before the write may get either state; all later requests get the new one."""
    newsroom.story("Old")
    app = create_app(services)

    async def around_a_write() -> tuple[str, str, str]:
        before = asyncio.create_task(title(app, own_key))
        await delayed_computation.computed.wait()
        await asyncio.to_thread(newsroom.story, "New")
        meanwhile = await title(app, own_key)
        delayed_computation.release.set()
        return await before, meanwhile, await title(app, own_key)

    seen_titles = asyncio.run(asyncio.wait_for(around_a_write(), _TIMEOUT))
    assert seen_titles == ("Old", "New", "New")


def test_a_cached_response_is_compressed_once(
    client: TestClient, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = newsroom.story("A", body="<p>" + "word " * 300 + "</p>")
    encodings: list[Coding] = []

    def encode_and_count(body: bytes, coding: Coding) -> bytes:
        encodings.append(coding)
        return encode(body, coding)

    monkeypatch.setattr(entries, "encode", encode_and_count)
    for accepted in ("gzip", "gzip, x", "br;q=0.5, gzip", "br", "br, x", "zstd", "zstd, gzip"):
        path = f"/v1/articles/{story['id']}"
        assert client.get(path, headers={"accept-encoding": accepted}).status_code == 200
    assert sorted(encodings) == ["br", "gzip", "zstd"]
