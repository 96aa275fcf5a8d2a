"""Which requests are for the desk."""

import asyncio

import pytest

from app.api.edge.asgi import Receive, Scope, Send
from app.api.edge.desk import DeskRing
from tests.desk.talking import never


@pytest.mark.parametrize(
    ("method", "path", "where"),
    [
        ("GET", "/v1/headlines", "here"),
        ("HEAD", "/v1/articles/one", "here"),
        ("OPTIONS", "/v1/headlines", "here"),
        ("GET", "/metrics", "here"),
        ("GET", "/v1/me", "here"),
        ("GET", "/v1/manage/articles", "desk"),
        ("OPTIONS", "/v1/manage/articles", "desk"),
        ("POST", "/v1/manage/articles", "desk"),
        ("POST", "/hub", "desk"),
        ("DELETE", "/v1/headlines", "desk"),
    ],
)
def test_who_may_change_something_is_answered_at_the_desk(
    method: str, path: str, where: str
) -> None:
    assert answered({"type": "http", "method": method, "path": path}) == where


def test_what_is_no_request_is_for_the_server() -> None:
    assert answered({"type": "lifespan"}) == "here"


def answered(scope: Scope) -> str:
    """Return where a request is answered."""
    found: list[str] = []

    def place(name: str) -> object:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            found.append(name)

        return app

    async def send(message: object) -> None:
        raise AssertionError

    ring = DeskRing(place("here"), place("desk"))  # type: ignore[arg-type]
    asyncio.run(ring(scope, never()[0], send))
    return found[0]
