"""A story as every format sees it: made from delivery's finished documents, and nothing else."""

from dataclasses import dataclass, field
from typing import Any, TypedDict

from app.content.body_urls import resolve_relative_urls
from app.content.frames import replace_other_frames
from app.kit import json
from app.kit.uri import to_uri
from app.kit.xml import is_suspect, remove_illegal
from app.syndication.addresses import Addresses
from app.syndication.media import Medium, media_of

_NO_HOSTS = frozenset[str]()


class Source(TypedDict):
    """Where a story comes from."""

    id: str
    slug: str
    name: str
    url: str | None


class Category(TypedDict):
    """What a story is filed under."""

    id: str
    slug: str
    name: str


class Author(TypedDict):
    """Who wrote a story."""

    name: str
    url: str | None


class Image(TypedDict):
    """The picture that goes with a story."""

    url: str
    alt: str | None
    credit: str | None
    width: int | None
    height: int | None
    digital_source_type: str | None


class Rights(TypedDict):
    """Who holds the rights and what may be done."""

    holder: str | None
    usage_terms: str | None
    licence: str | None


class Correction(TypedDict):
    """A public note about what was wrong."""

    at: str
    note: str


class Translation(TypedDict):
    """The same story in another language."""

    language: str
    id: str
    slug: str


@dataclass(frozen=True, slots=True)
class Item:
    """One story. Its texts hold nothing that XML cannot, and its addresses are absolute URIs.

    What the short form of a document lacks is empty here. `url` is the publisher's own page,
    `link` is where people read the story. A story that was killed is `canceled`; one that few may
    read already is `embargoed_until` others may.
    """

    id: str
    slug: str
    version: int
    kind: str
    language: str
    title: str
    summary: str | None
    link: str
    url: str | None
    published_at: str
    updated_at: str
    first_published_at: str
    source: Source | None
    categories: list[Category]
    tags: list[str]
    authors: list[Author]
    image: Image | None
    urgency: int | None
    dateline: str | None
    word_count: int | None
    rights: Rights | None
    corrections: list[Correction]
    translations: list[Translation]
    body_html: str | None
    body_text: str | None
    media: list[Medium]
    digital_source_type: str | None = None
    canceled: bool = False
    embargoed_until: str | None = None
    # What formats made of it, by their names and what else they were told.
    written: dict[tuple[Any, ...], bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def urn(self) -> str:
        """Return the name that the story has for ever, wherever it is read."""
        return f"urn:uuid:{self.id}"


def item_of(document: bytes, addresses: Addresses) -> Item:
    """Read a finished document, in short form or whole."""
    story = json.loads(document)
    if is_suspect(document):
        story = _legal(story)
    link = addresses.story(story["id"], story["slug"], story["url"])
    body = story.get("body_html")
    # A frame is nothing that readers of feeds have, and partners decide about their own.
    body = (
        None if body is None else resolve_relative_urls(replace_other_frames(body, _NO_HOSTS), link)
    )
    return Item(
        id=story["id"],
        slug=story["slug"],
        version=story["version"],
        kind=story["kind"],
        language=story["language"],
        title=story["title"].strip() or story["slug"],
        summary=story["summary"] or None,
        link=link,
        url=_address(story["url"]),
        published_at=story["published_at"],
        updated_at=story["updated_at"],
        first_published_at=story.get("first_published_at") or story["published_at"],
        source=_linked(story["source"]),
        categories=story["categories"],
        tags=[one for one in story["tags"] if one.strip()],
        authors=[_linked(one) for one in story["authors"] if one["name"].strip()],
        image=_picture(story["image"]),
        urgency=story["urgency"],
        dateline=story.get("dateline"),
        word_count=story.get("word_count"),
        rights=story.get("rights"),
        corrections=story.get("corrections", []),
        translations=story.get("translations", []),
        body_html=body,
        body_text=story.get("body_text"),
        digital_source_type=story.get("digital_source_type"),
        media=media_of(body),
        embargoed_until=story.get("embargo_until"),
    )


def _linked(thing: Any) -> Any:
    """Return a source, an author or a picture with its address as a URI."""
    return None if thing is None else {**thing, "url": _address(thing["url"])}


def _picture(image: Any) -> Image | None:
    return None if image is None else _linked({"digital_source_type": None, **image})


def _address(address: str | None) -> str | None:
    return None if address is None else to_uri(address)


def _legal(value: Any) -> Any:
    if isinstance(value, str):
        return remove_illegal(value)
    if isinstance(value, dict):
        return {name: _legal(inner) for name, inner in value.items()}
    return [_legal(inner) for inner in value] if isinstance(value, list) else value
