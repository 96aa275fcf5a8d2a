"""Stories as delivery renders them: with all values, with none, and with hostile text."""

from typing import Any

from app.kit import json
from app.syndication.model.addresses import Addresses
from app.syndication.model.feed import Feed, WithdrawnItem
from app.syndication.model.item import Item, build_item

ADDRESSES = Addresses("https://api.example")
ID = "0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44"
OTHER = "0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a45"
HOSTILE = (
    "\x00\x07]]> </title><script>alert('é')</script> & &amp; \ufffe \x85 🐝 المغرب \U0001f469‍👧"
)

BARE: dict[str, Any] = {
    "id": ID,
    "slug": "bees",
    "kind": "news",
    "language": "en",
    "version": 1,
    "title": "Bees",
    "summary": None,
    "url": None,
    "published_at": "2026-01-12T10:00:00Z",
    "updated_at": "2026-01-12T10:00:00Z",
    "source": None,
    "categories": [],
    "tags": [],
    "authors": [],
    "image": None,
    "urgency": None,
    "first_published_at": "2026-01-12T10:00:00Z",
    "dateline": None,
    "word_count": 0,
    "reading_minutes": 0,
    "rights": None,
    "corrections": [],
    "translations": [],
    "body_html": "",
    "body_text": "",
}
RICH: dict[str, Any] = {
    **BARE,
    "id": OTHER,
    "slug": "النحل-في-الرباط",
    "language": "ar",
    "version": 3,
    "title": "النحل & the <bees> 🐝",
    "summary": "Eleven hives < twelve & more.",
    "url": "https://publisher.example/نحل?a=1&b=|2",
    "updated_at": "2026-01-13T08:30:00.25Z",
    "source": {
        "id": ID,
        "slug": "the-post",
        "name": "The Post & Co",
        "url": "https://post.example",
    },
    "categories": [{"id": ID, "slug": "morocco", "name": "Morocco"}],
    "tags": ["bees", "R&D"],
    "authors": [{"name": "Noor Haddad", "url": "https://noor.example"}, {"name": "B", "url": None}],
    "image": {
        "url": "https://img.example/ä.jpg",
        "alt": "A hive <here>",
        "credit": "N. H.",
        "width": 1200,
        "height": 800,
        "digital_source_type": "digitalCapture",
    },
    "urgency": 4,
    "dateline": "RABAT",
    "word_count": 412,
    "rights": {"holder": "The Post", "usage_terms": "Ask first.", "licence": "CC BY 4.0"},
    "corrections": [{"at": "2026-01-13T08:30:00Z", "note": "There are eleven."}],
    "digital_source_type": "compositeWithTrainedAlgorithmicMedia",
    "translations": [{"language": "fr", "id": ID, "slug": "abeilles"}],
    "body_html": '<p>A <a href="/b?c=1&amp;d=2">link</a>]]> <img src="c.png" alt="x"></p>',
    "body_text": "A link]]>",
}


def item(**fields: Any) -> Item:
    """Return a story with all values; the arguments replace some."""
    return build_item(json.dumps({**RICH, **fields}), ADDRESSES)


def bare(**fields: Any) -> Item:
    """Return a story without optional values; the arguments replace some."""
    return build_item(json.dumps({**BARE, **fields}), ADDRESSES)


def hostile(text: str = HOSTILE) -> Item:
    """Return a story with a text in every text field."""
    named = {"id": ID, "slug": "s", "name": text, "url": "https://a.example"}
    return item(
        title=text,
        summary=text,
        source=named,
        categories=[named],
        tags=[text],
        authors=[{"name": text, "url": None}],
        image={**RICH["image"], "alt": text, "credit": text},
        dateline=text,
        rights={"holder": text, "usage_terms": text, "licence": text},
        corrections=[{"at": "2026-01-13T08:30:00Z", "note": text}],
        body_html=f"<p>{text.replace('<', '&lt;')}</p>",
        body_text=text,
    )


def feed(*items: Item, **fields: Any) -> Feed:
    """Return a feed of stories."""
    defaults: dict[str, Any] = {
        "site": "Dateline",
        "title": "Dateline: Bees & more",
        "home": "https://site.example/",
        "address": "https://api.example/feeds/latest.rss?a=1&b=2",
        "id": "https://api.example/feeds/latest.rss",
        "own": "https://api.example",
        "language": "en",
        "updated": "2026-01-13T08:30:00Z",
        "withdrawn": [WithdrawnItem(ID, "2026-01-13T08:30:00Z", "unpublished")],
        "next": "https://api.example/feeds/latest.rss?cursor=x",
        "archive": "https://api.example/feeds/latest.rss?cursor=y",
        "hub": "https://hub.example/",
    }
    return Feed(items=items, **{**defaults, **fields})
