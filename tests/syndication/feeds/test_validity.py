"""RSS and Atom from the server, checked with the rules of a validator."""

from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from tests.newsroom import Newsroom
from tests.syndication.feeds.feed_parsers import ATOM, fetch, links
from tests.syndication.formats.examples import HOSTILE
from tests.syndication.formats.validator import find_errors

TEXT = HOSTILE.replace("\x00", "") + "\n\U0001fffe <a@b.example>"
DECOMPOSED = "cafe\u0301 </b> &amp;\n2"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_feeds_of_the_server_are_valid(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.category("World")
    body = f'<p>{TEXT}</p><a href="/x y">1</a><img src="p.png" onload="x()"><p>\U0010ffff'
    for number in range(3):
        at = f"2026-01-0{number + 1}T10:00:00Z"
        newsroom.story(TEXT, body=body, summary=TEXT, tags=["R&D </i>"], published_at=at)
    newsroom.story("Bare", body="", categories=["world"])
    paths = ["latest.{}", "latest.{}?limit=2", "categories/world.{}", "languages/en.{}"]
    paths += [f"search.{{}}?q={quote(DECOMPOSED)}", "latest.{}?language=de"]
    for path in paths:
        for ext in ("rss", "atom"):
            assert find_errors(fetch(client, f"/feeds/{path.format(ext)}")) == [], path
    older = links(client, "/feeds/latest.atom?limit=2")["prev-archive"]
    assert find_errors(fetch(client, older)) == []


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_name_of_a_feed_is_composed(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.story("Café")
    root = ElementTree.fromstring(
        fetch(client, f"/feeds/search.atom?q={quote('cafe' + chr(0x301))}")
    )
    assert (root.findtext(f"{ATOM}id") or "").endswith("q=caf%C3%A9")
