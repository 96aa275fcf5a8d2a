"""The films and sounds of a body, for formats that name them beside the text."""

import html
import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from app.kit.uri import to_uri

_SOME = ("<audio", "<video")
# Sanitised markup has its attributes in double quotes.
_TAG = re.compile(r'<(/?)(audio|video|source)((?:[^<>"]|"[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([^\s"=<>/]+)="([^"]*)"')
_MEDIA_TYPE = re.compile(r"(?:audio|video|application)/[A-Za-z0-9.+-]{1,100}")
_MOST = 50
_TYPES = {
    "aac": "audio/aac",
    "flac": "audio/flac",
    "m3u8": "application/vnd.apple.mpegurl",
    "m4a": "audio/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mpd": "application/dash+xml",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "webm": "video/webm",
}
# Files that may hold a film, where they hold a sound.
_OF_SOUND = {"mp4": "audio/mp4", "webm": "audio/webm"}
_USUAL = {"audio": "audio/mpeg", "video": "video/mp4"}


class Medium(NamedTuple):
    """A film or a sound: `audio` or `video`, its address as a URI, its media type, its title."""

    kind: str
    url: str
    type: str
    title: str | None

    @property
    def name(self) -> str:
        """Return what a link to it says."""
        return self.title or file_name(self.url)


def media_of(markup: str | None) -> list[Medium]:
    """Return the films and sounds of sanitised HTML with whole addresses, each of them once."""
    if markup is None or not any(one in markup for one in _SOME):
        return []
    found: dict[str, Medium] = {}
    kind, title = "", None
    for tag in _TAG.finditer(markup):
        attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(tag[3])}
        if tag[2] != "source":
            kind = "" if tag[1] else tag[2]
            title = " ".join(attributes.get("title", "").split()) or None
        address = attributes.get("src", "")
        if kind and address.lower().startswith(("http:", "https:")) and len(found) < _MOST:
            type_ = _media_type(kind, address, attributes.get("type", ""))
            found.setdefault(address, Medium(kind, to_uri(address), type_, title))
    return list(found.values())


def file_name(address: str) -> str:
    """Return the name of a file, or of the site where an address names none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    return unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc


def _media_type(kind: str, address: str, told: str) -> str:
    """Return the media type of a file: as it was told, by its name, or what is usual."""
    bare = told.partition(";")[0].strip()
    if _MEDIA_TYPE.fullmatch(bare):
        return bare.lower()
    end = file_name(to_uri(address)).rpartition(".")[2].lower()
    if kind == "audio" and end in _OF_SOUND:
        return _OF_SOUND[end]
    return _TYPES.get(end) or _USUAL[kind]
