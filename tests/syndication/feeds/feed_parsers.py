"""Parse feeds: the same few values from every format."""

import csv
import io
import json
from typing import Any
from xml.etree import ElementTree

import feedparser
from starlette.testclient import TestClient

FORMATS = ("rss", "atom", "json", "ninjs", "newsml", "csv")
STORY_FORMATS = ("ninjs", "newsml", "jsonld", "md")
ATOM = "{http://www.w3.org/2005/Atom}"
AT = "{http://purl.org/atompub/tombstones/1.0}"
_G2 = "{http://iptc.org/std/nar/2006-10-01/}"
_SITE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def fetch(client: TestClient, path: str, **headers: str) -> bytes:
    """Return the body of an answer that must be a 200."""
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.content


def ids(client: TestClient, path: str) -> list[str]:
    """Return the ids of the stories in a feed of any format, in order."""
    body = fetch(client, path)
    parsed = _IDS[path.partition("?")[0].rpartition(".")[2]](body)
    return [urn.removeprefix("urn:uuid:") for urn in parsed]


def links(client: TestClient, path: str) -> dict[str, str]:
    """Return the links of an Atom feed by their relation."""
    root = ElementTree.fromstring(fetch(client, path))
    return {
        element.get("rel", ""): element.get("href", "") for element in root.findall(f"{ATOM}link")
    }


def withdrawn(client: TestClient, path: str = "/feeds/latest.atom") -> list[str]:
    """Return the ids of the stories that an Atom feed has as deleted entries."""
    root = ElementTree.fromstring(fetch(client, path))
    elements = root.findall(f"{AT}deleted-entry")
    return [element.get("ref", "").removeprefix("urn:uuid:") for element in elements]


def locations(client: TestClient, path: str) -> list[str]:
    """Return the addresses of a sitemap or of a sitemap index."""
    root = ElementTree.fromstring(fetch(client, path))
    return [element.text or "" for element in root.iter(f"{_SITE}loc")]


def _read(body: bytes) -> list[str]:
    read: Any = feedparser.parse(body)
    assert not read.bozo, read.get("bozo_exception")
    return [entry.id for entry in read.entries]


def _newsml(body: bytes) -> list[str]:
    elements = ElementTree.fromstring(body).iter(f"{_G2}newsItem")
    return [element.get("guid", "") for element in elements if _status(element) == "stat:usable"]


def find_canceled(client: TestClient, path: str = "/feeds/latest.newsml") -> dict[str, int]:
    """Return the versions of the stories that a feed in ninjs or NewsML-G2 cancels, by ids."""
    if ".ninjs" in path:
        return {
            load["uri"].removeprefix("urn:uuid:"): int(load["version"])
            for load in json.loads(fetch(client, path))
            if load["pubStatus"] == "canceled"
        }
    elements = ElementTree.fromstring(fetch(client, path)).iter(f"{_G2}newsItem")
    return {
        element.get("guid", "").removeprefix("urn:uuid:"): int(element.get("version", ""))
        for element in elements
        if _status(element) == "stat:canceled"
    }


def _status(element: ElementTree.Element) -> str | None:
    status = element.find(f"{_G2}itemMeta/{_G2}pubStatus")
    return None if status is None else status.get("qcode")


def _csv(body: bytes) -> list[str]:
    rows = csv.DictReader(io.StringIO(body.decode(), newline=""))
    return [row["id"] for row in rows]


_IDS: dict[str, Any] = {
    "rss": _read,
    "atom": _read,
    "json": lambda body: [item["id"] for item in json.loads(body)["items"]],
    "ninjs": lambda body: [
        load["uri"] for load in json.loads(body) if load["pubStatus"] == "usable"
    ],
    "newsml": _newsml,
    "csv": _csv,
}
