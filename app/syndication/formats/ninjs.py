"""IPTC ninjs 3.1: one story as an object, a feed as an array."""

from typing import Any

from app.kit import json
from app.syndication.formats.memoized import memoize
from app.syndication.model.digital_sources import iptc_uri
from app.syndication.model.feed import Feed, WithdrawnItem
from app.syndication.model.item import Item, ItemImage
from app.syndication.model.media import Medium

MEDIA_TYPE = "application/ninjs+json"
_STANDARD = {
    "name": "ninjs",
    "version": "3.1",
    "schema": "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json",
}


def render(feed: Feed) -> bytes:
    """Return a feed as an array of ninjs objects, withdrawn stories last."""
    cancellations = (json.dumps(_build_cancellation(story)) for story in feed.withdrawn)
    return b"[%b]" % b",".join([*map(render_story, feed.items), *cancellations])


@memoize
def render_story(item: Item) -> bytes:
    """Return one story as a ninjs object."""
    return json.dumps(_build_story(item))


def _build_story(item: Item) -> dict[str, Any]:
    return json.drop_empty(
        {
            "uri": item.urn,
            "type": "text",
            "representationType": "partial" if item.body_html is None else "full",
            "version": str(item.version),
            "firstCreated": item.first_published_at,
            "versionCreated": item.updated_at,
            "contentCreated": item.published_at,
            "embargoedUntil": item.embargoed_until,
            "pubStatus": "canceled" if item.canceled else "usable",
            "urgency": item.urgency,
            "digitalSourceType": _digital_source(item.digital_source_type),
            "language": item.language,
            "edNote": "\n".join(correction["note"] for correction in item.corrections),
            "title": item.title,
            "by": ", ".join(author["name"] for author in item.authors),
            "slugline": item.slug,
            "located": item.dateline,
            "headlines": [{"role": "main", "contentType": "text/plain", "value": item.title}],
            "descriptions": _description(item.summary),
            "bodies": _bodies(item),
            "people": [
                json.drop_empty({**_creator, "name": a["name"], "uri": a["url"]})
                for a in item.authors
            ],
            "subjects": _subjects(item),
            "infoSources": _source(item),
            "associations": _associations(item),
            "altIds": [{"role": "slug", "value": item.slug}, {"role": "web", "value": item.link}],
            "genres": [{"name": item.kind}],
            "standard": _STANDARD,
            **_rights(item),
        }
    )


def _build_cancellation(gone: WithdrawnItem) -> dict[str, Any]:
    """Return an object with only the id and the status of a withdrawn story."""
    return {
        "uri": gone.urn,
        "type": "text",
        "version": str(gone.version),
        "versionCreated": gone.at,
        "pubStatus": "canceled",
        "edNote": gone.reason,
        "standard": _STANDARD,
    }


_creator = {"rel": "creator"}


def _description(summary: str | None) -> list[dict[str, Any]]:
    if not summary:
        return []
    return [{"role": "summary", "contentType": "text/plain", "value": summary}]


def _bodies(item: Item) -> list[dict[str, Any]]:
    counted = {"wordCount": item.word_count} if item.word_count is not None else {}
    pairs = (("text/html", item.body_html), ("text/plain", item.body_text))
    return [
        {"role": "main", "contentType": type_, "charCount": len(text), **counted, "value": text}
        for type_, text in pairs
        if text
    ]


def _subjects(item: Item) -> list[dict[str, Any]]:
    categories = [
        {"rel": "category", "uri": f"urn:uuid:{category['id']}", "name": category["name"]}
        for category in item.categories
    ]
    return [*categories, *({"rel": "keyword", "name": tag} for tag in item.tags)]


def _source(item: Item) -> list[dict[str, Any]]:
    if item.source is None:
        return []
    source = item.source
    entry = {"role": "source", "uri": f"urn:uuid:{source['id']}", "name": source["name"]}
    contact = [{"type": "web", "value": source["url"]}] if source["url"] else None
    return [json.drop_empty({**entry, "contactInfo": contact})]


def _picture(item: Item, image: ItemImage) -> dict[str, Any]:
    rendition = {"name": "main", "href": image["url"]}
    sizes = {name: image[name] for name in ("width", "height") if image[name]}
    return json.drop_empty(
        {
            "name": "main",
            "uri": image["url"],
            "type": "picture",
            "language": item.language,
            "descriptions": _description(image["alt"]),
            "by": image["credit"],
            "digitalSourceType": _digital_source(image["digital_source_type"]),
            "renditions": [{**rendition, **sizes}],
        }
    )


def _digital_source(code: str | None) -> dict[str, Any] | None:
    return {"uri": iptc_uri(code)} if code else None


def _associations(item: Item) -> list[dict[str, Any]]:
    pictures = [_picture(item, item.image)] if item.image else []
    return [
        *pictures,
        *(_medium(item, medium, count) for count, medium in enumerate(item.media, 1)),
    ]


def _medium(item: Item, medium: Medium, count: int) -> dict[str, Any]:
    return json.drop_empty(
        {
            "name": f"{medium.kind}-{count}",
            "uri": medium.url,
            "type": medium.kind,
            "language": item.language,
            "title": medium.title,
            "renditions": [{"name": "main", "href": medium.url, "contentType": medium.type}],
        }
    )


def _rights(item: Item) -> dict[str, Any]:
    if item.rights is None:
        return {}
    terms = (item.rights["usage_terms"], item.rights["licence"])
    return {
        "copyrightHolder": item.rights["holder"],
        "usageTerms": "\n".join(term for term in terms if term),
    }
