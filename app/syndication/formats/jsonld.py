"""schema.org NewsArticle as JSON-LD, safe inside a `script` element."""

from typing import Any

from app.kit import json
from app.syndication.model.digital_sources import schema_org_uri
from app.syndication.model.item import Item, ItemAuthor, ItemImage
from app.syndication.model.media import Medium

MEDIA_TYPE = "application/ld+json"


def render_story(item: Item) -> bytes:
    """Return one story as JSON-LD; `<` is escaped, so that no text can end the script element."""
    return json.dumps(_build_story(item)).replace(b"<", b"\\u003c")


def _build_story(item: Item) -> dict[str, Any]:
    rights = item.rights
    return json.drop_empty(
        {
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "@id": item.urn,
            "url": item.link,
            "mainEntityOfPage": {"@type": "WebPage", "@id": item.link},
            "headline": item.title,
            "description": item.summary,
            "datePublished": item.first_published_at,
            "dateModified": item.updated_at,
            "inLanguage": item.language,
            "genre": item.kind,
            "digitalSourceType": schema_org_uri(item.digital_source_type),
            "version": item.version,
            "author": [_person(author) for author in item.authors],
            "publisher": _publisher(item),
            "image": _image(item.image) if item.image else None,
            "audio": [
                _object("AudioObject", medium) for medium in item.media if medium.kind == "audio"
            ],
            "video": [
                _object("VideoObject", medium) for medium in item.media if medium.kind == "video"
            ],
            "articleSection": [category["name"] for category in item.categories],
            "keywords": item.tags,
            "dateline": item.dateline,
            "wordCount": item.word_count,
            "articleBody": item.body_text,
            "copyrightHolder": _organisation(rights["holder"]) if rights else None,
            "usageInfo": rights["usage_terms"] if rights else None,
            "license": rights["licence"] if rights else None,
            "correction": [
                _correction(correction["at"], correction["note"]) for correction in item.corrections
            ],
            "workTranslation": [
                {
                    "@type": "NewsArticle",
                    "@id": f"urn:uuid:{translation['id']}",
                    "inLanguage": translation["language"],
                }
                for translation in item.translations
            ],
        }
    )


def _person(author: ItemAuthor) -> dict[str, Any]:
    return json.drop_empty({"@type": "Person", "name": author["name"], "url": author["url"]})


def _publisher(item: Item) -> dict[str, Any] | None:
    if item.source is None:
        return None
    return json.drop_empty(
        {**(_organisation(item.source["name"]) or {}), "url": item.source["url"]}
    )


def _organisation(name: str | None) -> dict[str, Any] | None:
    return {"@type": "Organization", "name": name} if name else None


def _image(image: ItemImage) -> dict[str, Any]:
    return json.drop_empty(
        {
            "@type": "ImageObject",
            "url": image["url"],
            "width": image["width"],
            "height": image["height"],
            "caption": image["alt"],
            "creditText": image["credit"],
            "digitalSourceType": schema_org_uri(image["digital_source_type"]),
        }
    )


def _object(type_: str, medium: Medium) -> dict[str, Any]:
    return {
        "@type": type_,
        "name": medium.name,
        "contentUrl": medium.url,
        "encodingFormat": medium.type,
    }


def _correction(at: str, note: str) -> dict[str, Any]:
    return {"@type": "CorrectionComment", "datePublished": at, "text": note}
