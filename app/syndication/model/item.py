"""A story as every format sees it, built only from a document of the delivery side."""

from dataclasses import dataclass, field
from typing import Any, TypedDict

from app.content.body_urls import resolve_relative_urls
from app.content.frames import replace_other_frames
from app.kit import json
from app.kit.uri import to_uri
from app.kit.xml import is_suspect, remove_illegal
from app.syndication.model.addresses import Addresses
from app.syndication.model.media import Medium, find_media

_NO_HOSTS = frozenset[str]()


class ItemSource(TypedDict):
    """The source of a story."""

    id: str
    slug: str
    name: str
    url: str | None


class ItemCategory(TypedDict):
    """A category of a story."""

    id: str
    slug: str
    name: str


class ItemAuthor(TypedDict):
    """An author of a story."""

    name: str
    url: str | None


class ItemImage(TypedDict):
    """The image of a story."""

    url: str
    alt: str | None
    credit: str | None
    width: int | None
    height: int | None
    digital_source_type: str | None


class ItemRights(TypedDict):
    """The rights holder and the terms of use."""

    holder: str | None
    usage_terms: str | None
    licence: str | None


class ItemCorrection(TypedDict):
    """A public note about an error that was corrected."""

    at: str
    note: str


class ItemTranslation(TypedDict):
    """The same story in another language."""

    language: str
    id: str
    slug: str


@dataclass(frozen=True, slots=True)
class Item:
    """One story. Its texts are legal XML, and its addresses are absolute URIs.

    Members that the short form of a document lacks are empty. `url` is the publisher's page, `link`
    the page where people read the story. A killed story is `canceled`. A story under embargo has
    `embargoed_until`.
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
    source: ItemSource | None
    categories: list[ItemCategory]
    tags: list[str]
    authors: list[ItemAuthor]
    image: ItemImage | None
    urgency: int | None
    dateline: str | None
    word_count: int | None
    rights: ItemRights | None
    corrections: list[ItemCorrection]
    translations: list[ItemTranslation]
    body_html: str | None
    body_text: str | None
    media: list[Medium]
    digital_source_type: str | None = None
    canceled: bool = False
    embargoed_until: str | None = None
    # Cached output of the formats, by format name and arguments.
    rendered: dict[tuple[Any, ...], bytes] = field(default_factory=dict, repr=False, compare=False)

    @property
    def urn(self) -> str:
        """Return the permanent URN of the story."""
        return f"urn:uuid:{self.id}"


def build_item(document: bytes, addresses: Addresses) -> Item:
    """Parse a document, in short or full form."""
    story = json.loads(document)
    if is_suspect(document):
        story = _remove_illegal(story)
    link = addresses.story(story["id"], story["slug"], story["url"])
    body = story.get("body_html")
    # Feed readers drop frames, and partners decide about their own hosts.
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
        url=_to_optional_uri(story["url"]),
        published_at=story["published_at"],
        updated_at=story["updated_at"],
        first_published_at=story.get("first_published_at") or story["published_at"],
        source=_with_uri(story["source"]),
        categories=story["categories"],
        tags=[tag for tag in story["tags"] if tag.strip()],
        authors=[_with_uri(author) for author in story["authors"] if author["name"].strip()],
        image=_build_image(story["image"]),
        urgency=story["urgency"],
        dateline=story.get("dateline"),
        word_count=story.get("word_count"),
        rights=story.get("rights"),
        corrections=story.get("corrections", []),
        translations=story.get("translations", []),
        body_html=body,
        body_text=story.get("body_text"),
        digital_source_type=story.get("digital_source_type"),
        media=find_media(body),
        embargoed_until=story.get("embargo_until"),
    )


def _with_uri(value: Any) -> Any:
    """Return a source, an author or an image with its address as a URI."""
    return None if value is None else {**value, "url": _to_optional_uri(value["url"])}


def _build_image(image: Any) -> ItemImage | None:
    return None if image is None else _with_uri({"digital_source_type": None, **image})


def _to_optional_uri(address: str | None) -> str | None:
    return None if address is None else to_uri(address)


def _remove_illegal(value: Any) -> Any:
    if isinstance(value, str):
        return remove_illegal(value)
    if isinstance(value, dict):
        return {name: _remove_illegal(inner) for name, inner in value.items()}
    return [_remove_illegal(inner) for inner in value] if isinstance(value, list) else value
