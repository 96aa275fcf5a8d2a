"""A feed over HTTP, from a story that was just published."""

from xml.etree import ElementTree

from starlette.testclient import TestClient

from tests.newsroom import Newsroom


def test_a_published_story_is_in_the_feed(newsroom: Newsroom, client: TestClient) -> None:
    story = newsroom.story("Bees & <kings>", body="<p>]]> Humming.</p>", url="https://a.example/b")
    answer = client.get("/feeds/latest.rss")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/rss+xml"
    (item,) = ElementTree.fromstring(answer.content).iter("item")
    assert item.findtext("title") == "Bees & <kings>"
    assert item.findtext("link") == "https://a.example/b"
    assert item.findtext("guid") == f"urn:uuid:{story['id']}"
    encoded = item.findtext("{http://purl.org/rss/1.0/modules/content/}encoded")
    assert encoded == "<p>]]&gt; Humming.</p>"
    again = client.get("/feeds/latest.rss", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
