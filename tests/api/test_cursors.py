"""Cursors: forward and backward, stable, signed, and bound to their query."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from tests.api.reading import read
from tests.clock import HandClock
from tests.newsroom import Newsroom

LISTS = ("/v1/headlines", "/v1/articles?sort=updated_at", "/v1/headlines?sort=-updated_at&tag=x")


@pytest.fixture
def seven(newsroom: Newsroom) -> None:
    """Seven stories, of which three have the same instant."""
    for number, hour in enumerate([1, 2, 3, 3, 3, 4, 5]):
        newsroom.story(f"{number}", published_at=f"2026-01-01T0{hour}:00:00Z", tags=["x"])


def _walk(client: TestClient, path: str, rel: str, cursor: str | None = None) -> list[Any]:
    """Follow `next` or `prev` to the end and return the pages."""
    joint = "&" if "?" in path else "?"
    pages = []
    while True:
        pages.append(
            read(client, f"{path}{joint}limit=2" + (f"&cursor={cursor}" if cursor else ""))
        )
        cursor = pages[-1]["page"][rel]
        if cursor is None:
            return pages
        assert quote(cursor, safe="") == cursor


def _list_titles(pages: Iterable[Any]) -> list[str]:
    return [item["title"] for page in pages for item in page["data"]]


def test_cursors_page_through_the_whole_list_in_both_directions(
    seven: None, client: TestClient
) -> None:
    for path in LISTS:
        everything = _list_titles([read(client, path)])
        forward = _walk(client, path, "next")
        assert _list_titles(forward) == everything
        assert [len(page["data"]) for page in forward] == [2, 2, 2, 1]
        back = _walk(client, path, "prev", forward[-1]["page"]["prev"])
        assert _list_titles(reversed(back)) == everything[:-1]


def test_a_page_is_stable_under_inserts(
    seven: None, newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    first = read(client, "/v1/headlines?limit=3")
    second = f"/v1/headlines?limit=3&cursor={first['page']['next']}"
    before = read(client, second)["data"]
    newsroom.story("newest")
    newsroom.story("oldest", published_at="2020-01-01T00:00:00Z")
    assert read(client, second)["data"] == before
    back = read(client, f"/v1/headlines?limit=3&cursor={read(client, second)['page']['prev']}")
    assert back["data"] == first["data"]
    assert [item["title"] for item in read(client, "/v1/headlines?limit=1")["data"]] == ["newest"]
    assert back["page"]["prev"] is not None


def test_a_page_continues_after_the_story_of_its_cursor_was_removed(
    seven: None, newsroom: Newsroom, client: TestClient
) -> None:
    first = read(client, "/v1/headlines?limit=2")
    gone = newsroom.call("GET", f"/articles/{first['data'][-1]['id']}").json()
    newsroom.verb(gone, "unpublish")
    following = read(client, f"/v1/headlines?limit=2&cursor={first['page']['next']}")
    assert [item["title"] for item in following["data"]] == ["4", "3"]


def test_a_cursor_grants_no_access(
    seven: None, newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    newsroom.story("tomorrow", published_at="2026-11-23T12:00:00Z")
    clock.advance(days=2)
    cursor = read(client, "/v1/headlines?limit=1")["page"]["next"]
    back = read(client, f"/v1/headlines?limit=1&cursor={cursor}")["page"]["prev"]
    clock.advance(days=-2)
    assert read(client, f"/v1/headlines?limit=1&cursor={back}")["data"] == []


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_limit_and_form_may_change_between_pages(seven: None, client: TestClient) -> None:
    cursor = read(client, "/v1/headlines?limit=2")["page"]["next"]
    wide = read(client, f"/v1/headlines?limit=50&fields=title&count=exact&cursor={cursor}")
    assert [item["title"] for item in wide["data"]] == ["4", "3", "2", "1", "0"]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_cursor_of_another_query_is_refused(seven: None, client: TestClient) -> None:
    cursor = read(client, "/v1/headlines?limit=2")["page"]["next"]
    for other in (
        "/v1/headlines?tag=x",
        "/v1/headlines?sort=published_at",
        "/v1/headlines?published_after=2026-01-01",
        "/v1/articles?limit=2",
        "/v1/sources?limit=2",
    ):
        response = client.get(f"{other}&cursor={cursor}")
        assert (response.status_code, response.json()["code"]) == (400, "bad_cursor"), other


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_cursor_that_was_tampered_with_is_refused(seven: None, client: TestClient) -> None:
    cursor = read(client, "/v1/headlines?limit=2")["page"]["next"]
    changed = [
        cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :] for at in (0, 30)
    ]
    for bad in (*changed, cursor[:-1], cursor + "A", cursor + "=", "x", "%FF", "é", "A" * 9000):
        response = client.get(f"/v1/headlines?limit=2&cursor={bad}")
        assert response.status_code == 400, bad
        assert response.json()["code"] in {"bad_cursor", "bad_parameter"}, bad


def test_newsroom_lists_have_cursors_in_both_directions(newsroom: Newsroom) -> None:
    for number in range(5):
        newsroom.source(f"Source {number}")
        newsroom.category(f"Category {number}")
        newsroom.article(f"Article {number}")
        newsroom.call("POST", "/keys", json={"name": f"{number}", "scopes": ["read"]})
    for path in ("/sources", "/categories", "/articles", "/keys"):
        everything = newsroom.call("GET", path).json()["data"]
        first = newsroom.call("GET", f"{path}?limit=2").json()
        second = newsroom.call("GET", f"{path}?limit=2&cursor={first['page']['next']}").json()
        again = newsroom.call("GET", f"{path}?limit=2&cursor={second['page']['prev']}").json()
        assert [*first["data"], *second["data"]] == everything[:4], path
        assert again["data"] == first["data"]
        assert (again["page"]["prev"], first["page"]["prev"]) == (None, None)
