"""Find the URL of embedded content, and a title for a link to it."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from app.content.media_sources import FRAME_SOURCES, find_first_url

_LONGEST_TITLE = 300
# Classes by which embedding scripts of other sites find their elements.
_EMBEDDED = re.compile(r"embed|(?:-media|-tweet|-post|-card|-video)\b", re.IGNORECASE)
_PLACES = ("data-instgrm-permalink", "data-href", "data-permalink")
_PARAMETERS = ("movie", "src", "url", "filename", "href")


def find_frame_url(attributes: Mapping[str, str]) -> str | None:
    """Return the URL of the content of a frame or a plug-in, or `None`."""
    return find_first_url(attributes.get(name, "") for name in FRAME_SOURCES)


def find_object_url(attributes: Mapping[str, str]) -> str | None:
    """Return the URL of an object, from its attributes or parameters, or `None`."""
    parameters = (attributes.get(f"param {name}", "") for name in _PARAMETERS)
    return find_first_url((attributes.get("data", ""), *parameters))


def find_embed_url(attributes: Mapping[str, str]) -> str | None:
    """Return the URL that an embedding script of another site would load, or `None`."""
    told = [attributes.get(name, "") for name in _PLACES]
    if _EMBEDDED.search(attributes.get("class", "")):
        told.append(attributes.get("cite", ""))
    return find_first_url(told)


def find_title(attributes: Mapping[str, str], address: str) -> str:
    """Return the text for a link: the given title, or the host that it leads to."""
    for name in ("title", "aria-label", "alt"):
        title = " ".join(attributes.get(name, "").split())[:_LONGEST_TITLE]
        if title:
            return title
    try:
        host = urlsplit(address).hostname
    except ValueError:
        host = None
    return (host or address).removeprefix("www.")[:_LONGEST_TITLE]
