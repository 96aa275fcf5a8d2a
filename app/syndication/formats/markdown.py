"""Markdown of one story: front matter, then the text."""

from typing import Any

from app.kit import json
from app.syndication.model.item import Item, ItemImage
from app.syndication.model.markdown import escape_line, link_target, render_markdown

MEDIA_TYPE = "text/markdown"


def render_story(item: Item) -> bytes:
    """Return one story as Markdown with YAML front matter, whose values are JSON."""
    front = (f"{name}: {json.dumps(value).decode()}" for name, value in _facts(item).items())
    byline = ", ".join(author["name"] for author in item.authors)
    parts = [
        "---\n" + "\n".join(front) + "\n---",
        f"# {escape_line(item.title)}",
        escape_line(item.summary or ""),
        escape_line(byline),
        _picture(item.image) if item.image else "",
        render_markdown(item.body_html or ""),
        *(
            f"> {escape_line(correction['at'])}: {escape_line(correction['note'])}"
            for correction in item.corrections
        ),
    ]
    return ("\n\n".join(part for part in parts if part) + "\n").encode()


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
            "authors": [author["name"] for author in item.authors],
            "categories": [category["slug"] for category in item.categories],
            "tags": item.tags,
            "dateline": item.dateline,
            "digital_source_type": item.digital_source_type,
            "rights": item.rights["holder"] if item.rights else None,
        }
    )


def _picture(image: ItemImage) -> str:
    markup = f"![{escape_line(image['alt'] or '')}]({link_target(image['url'])})"
    return f"{markup}\n\n{escape_line(image['credit'])}" if image["credit"] else markup
