"""JSON Feed 1.1."""

from typing import Any

from app.kit import json
from app.syndication.formats.corrections import append_corrections
from app.syndication.formats.memoized import memoize
from app.syndication.model.feed import Feed
from app.syndication.model.item import Item

MEDIA_TYPE = "application/feed+json"


def render(feed: Feed) -> bytes:
    """Return a feed as JSON Feed."""
    document: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.home,
        "feed_url": feed.address,
        "next_url": feed.next,
        "language": feed.language,
        "authors": [{"name": feed.site}],
        "hubs": [{"type": "WebSub", "url": feed.hub}] if feed.hub else None,
    }
    before, items = json.dumps(json.drop_empty(document))[:-1], b",".join(map(_item, feed.items))
    return b'%b,"items":[%b]}' % (before, items)


@memoize
def _item(item: Item) -> bytes:
    content = append_corrections(item)
    document: dict[str, Any] = {
        "id": item.urn,
        "url": item.link,
        "external_url": item.url if item.url != item.link else None,
        "title": item.title,
        "content_html": content,
        "content_text": None if content else item.summary or item.title,
        "summary": item.summary,
        "image": item.image["url"] if item.image else None,
        "date_published": item.published_at,
        "date_modified": item.updated_at,
        "authors": [json.drop_empty(author) for author in item.authors] or None,
        "tags": [*(category["name"] for category in item.categories), *item.tags] or None,
        "language": item.language,
        "attachments": [
            json.drop_empty({"url": medium.url, "mime_type": medium.type, "title": medium.title})
            for medium in item.media
        ],
        "_dateline": {"corrections": item.corrections} if item.corrections else None,
        "_source": {"name": item.source["name"]} if item.source else None,
    }
    return json.dumps(json.drop_empty(document))
