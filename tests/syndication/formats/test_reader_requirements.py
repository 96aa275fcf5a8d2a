"""The requirements of feed validators, checked for feeds with all values and with none.

The rules are those of RSS 2.0, RFC 4287 and the W3C validator, one by one.
"""

import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree

import pytest

from app.kit import json
from app.syndication.formats import FEEDS
from app.syndication.formats.rss import rfc822_date
from app.syndication.model.addresses import Addresses
from app.syndication.model.item import build_item
from tests.syndication.formats.examples import RICH, bare, feed, hostile, item

_URI = re.compile(r"[a-zA-Z][0-9a-zA-Z+.-]*:(?://)?[0-9a-zA-Z;/?:@&=+$.\-_!~*'()%,#]+")
_RELATIVE = re.compile(r"""(?:href|src|cite|poster)="(?!\w+:)""")
ATOM = "{http://www.w3.org/2005/Atom}"
ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
ITEMS = (item(), bare(), hostile(), bare(body_html=None, body_text=None))


@pytest.fixture
def channel() -> ElementTree.Element:
    """The channel of an RSS feed."""
    element = ElementTree.fromstring(FEEDS["rss"].render(feed(*ITEMS))).find("channel")
    assert element is not None
    return element


@pytest.fixture
def atom() -> ElementTree.Element:
    """The root of an Atom feed."""
    return ElementTree.fromstring(FEEDS["atom"].render(feed(*ITEMS)))


def test_rss_channels_have_the_required_elements(channel: ElementTree.Element) -> None:
    for name in ("title", "link", "description", "language"):
        assert channel.findtext(name), name
    links = {element.get("rel"): element.get("href") for element in channel.iter(f"{ATOM}link")}
    assert links == {"self": feed().address, "hub": feed().hub}
    # Items follow all other elements of the channel.
    names = [element.tag for element in channel]
    assert names[names.index("item") :] == ["item"] * len(ITEMS)


def test_rss_items_have_a_guid_that_is_not_a_url(channel: ElementTree.Element) -> None:
    for element in channel.iter("item"):
        guid = element.find("guid")
        assert guid is not None
        assert guid.get("isPermaLink") == "false"
        assert (guid.text or "").startswith("urn:uuid:")
        names = [inner.tag for inner in element]
        if ENCODED in names:
            assert names.index("description") < names.index(ENCODED)


def test_every_address_is_an_absolute_uri(
    channel: ElementTree.Element, atom: ElementTree.Element
) -> None:
    addresses = [element.text for name in ("link", "guid") for element in channel.iter(name)]
    addresses += [element.get("url") for element in channel.iter() if element.get("url")]
    addresses += [element.get("href") for element in atom.iter(f"{ATOM}link")]
    addresses += [element.text for name in ("id", "uri") for element in atom.iter(f"{ATOM}{name}")]
    assert len(addresses) > 20
    for address in addresses:
        assert _URI.fullmatch(address or ""), address


def test_no_address_in_a_body_is_relative() -> None:
    markup = (
        '<p title="a > b"><a href="/b?c=1&amp;d=2">1</a><a href="#note">2</a>'
        '<img src="//i.example/x"><a href="mailto:a@b.example">3</a> href="plain"</p>'
        '<video poster="p.png" src="v.mp4"></video>'
    )
    body = item(body_html=markup, url="https://publisher.example/x/y").body_html or ""
    assert "https://publisher.example/b?c=1&amp;d=2" in body
    assert "https://publisher.example/x/y#note" in body
    assert "https://i.example/x" in body
    assert "https://publisher.example/x/p.png" in body
    assert '</a> href="plain"</p>' in body
    assert _RELATIVE.findall(body.replace(' href="plain"', "")) == []


def test_rss_dates_are_rfc_822_dates() -> None:
    for instant in ("2026-01-12T10:00:00Z", "2024-02-29T23:59:59.999Z", "0009-01-01T00:00:00Z"):
        written = rfc822_date(instant)
        moment = datetime.fromisoformat(instant).replace(microsecond=0)
        if moment.year > 1900:
            assert parsedate_to_datetime(written) == moment
        assert written.startswith(moment.strftime("%a, %d"))


def test_atom_has_the_required_elements(atom: ElementTree.Element) -> None:
    metadata = [element.tag for element in atom]
    assert metadata.index(f"{ATOM}entry") > max(metadata.index(f"{ATOM}{n}") for n in _NEEDED)
    for entry in atom.iter(f"{ATOM}entry"):
        for name in ("id", "title", "updated"):
            assert entry.findtext(f"{ATOM}{name}"), name
        assert {element.get("rel") for element in entry.iter(f"{ATOM}link")} == {"alternate"}
    pairs = [(element.get("rel"), element.get("type")) for element in atom.findall(f"{ATOM}link")]
    assert len(pairs) == len(set(pairs))


_NEEDED = ("id", "title", "updated", "author", "link")


def test_a_story_links_to_the_site_if_there_is_one() -> None:
    document = json.dumps(RICH)
    read_at = {
        Addresses("https://api.example"): "https://publisher.example/",
        Addresses("https://api.example", "https://site.example/{slug}"): "https://site.example/%D8",
        Addresses(
            "https://api.example", "https://é.example/n/{id}"
        ): "https://xn--9ca.example/n/0198",
    }
    for addresses, start in read_at.items():
        assert build_item(document, addresses).link.startswith(start)
    without = json.dumps({**RICH, "url": None})
    here = "https://api.example/v1/articles/%D8"
    assert build_item(without, Addresses("https://api.example")).link.startswith(here)
