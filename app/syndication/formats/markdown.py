"""Markdown of one story: what is known about it in front, then the text."""

from typing import Any

from app.kit import json
from app.syndication.item import Image, Item
from app.syndication.markdown import markdown_of, plain, target

MEDIA_TYPE = "text/markdown"


def render_story(item: Item) -> bytes:
    """Return one story as Markdown with front matter, which is YAML whose values are JSON."""
    front = (f"{name}: {json.dumps(value).decode()}" for name, value in _facts(item).items())
    byline = ", ".join(one["name"] for one in item.authors)
    parts = [
        "---\n" + "\n".join(front) + "\n---",
        f"# {plain(item.title)}",
        plain(item.summary or ""),
        plain(byline),
        _picture(item.image) if item.image else "",
        markdown_of(item.body_html or ""),
        *(f"> {plain(one['at'])}: {plain(one['note'])}" for one in item.corrections),
    ]
    return ("\n\n".join(one for one in parts if one) + "\n").encode()


def _facts(item: Item) -> dict[str, Any]:
    return json.drop_empty(
        {
            "id": item.urn,
            "title": item.title,
            "url": item.link,
            "language": item.language,
            "published_at": item.published_at,
            "updated_at": item.updated_at,
            "version": item.version,
            "source": item.source["name"] if item.source else None,
            "authors": [one["name"] for one in item.authors],
            "categories": [one["slug"] for one in item.categories],
            "tags": item.tags,
            "dateline": item.dateline,
            "digital_source_type": item.digital_source_type,
            "rights": item.rights["holder"] if item.rights else None,
        }
    )


def _picture(image: Image) -> str:
    told = f"![{plain(image['alt'] or '')}]({target(image['url'])})"
    return f"{told}\n\n{plain(image['credit'])}" if image["credit"] else told
