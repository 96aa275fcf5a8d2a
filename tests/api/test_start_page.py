"""The start page: a page for browsers, JSON for other clients."""

import re

import pytest
from starlette.testclient import TestClient

from app import __version__

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


def test_browsers_get_a_page_whose_links_all_work(client: TestClient) -> None:
    answer = client.get("/", headers={"accept": BROWSER})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert f"version {__version__}" in answer.text
    links = re.findall(r'href="([^"]+)"', answer.text)
    assert {"/docs", "/v1/headlines", "/feeds/latest.rss", "/readyz"} <= set(links)
    # Search requires a query.
    codes = {path: client.get(path).status_code for path in links if path != "/v1/search"}
    assert set(codes.values()) == {200}, codes


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/html;q=0.5, application/json"])
def test_other_clients_get_json(client: TestClient, accept: str) -> None:
    answer = client.get("/", headers={"accept": accept})
    assert answer.headers["content-type"] == "application/json"
    assert "Accept" in answer.headers["vary"].split(", ")
    start = answer.json()
    assert (start["name"], start["version"]) == ("Dateline", __version__)
    assert start["links"]["reference"] == "/docs"


def test_feeds_link_to_the_start_page(client: TestClient) -> None:
    feed = client.get("/feeds/latest.rss").text
    home = re.search(r"<link>http://127\.0\.0\.1:8000(/[^<]*)</link>", feed)
    assert home is not None, feed
    assert client.get(home[1]).status_code == 200
