"""Find the audio and video files of a body, for formats that list them."""

import html
import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from app.kit.uri import to_uri

_OPENINGS = ("<audio", "<video")
# Sanitized markup has its attributes in double quotes.
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
# Containers that may hold video, when they hold audio.
_AUDIO_TYPES = {"mp4": "audio/mp4", "webm": "audio/webm"}
_DEFAULT_TYPES = {"audio": "audio/mpeg", "video": "video/mp4"}


class Medium(NamedTuple):
    """An audio or video file: `kind`, absolute URI, media type and title."""

    kind: str
    url: str
    type: str
    title: str | None

    @property
    def name(self) -> str:
        """Return the text of a link to it."""
        return self.title or file_name(self.url)


def find_media(markup: str | None) -> list[Medium]:
    """Return the audio and video files of sanitised HTML, without duplicates."""
    if markup is None or not any(tag in markup for tag in _OPENINGS):
        return []
    media: dict[str, Medium] = {}
    kind, title = "", None
    for tag in _TAG.finditer(markup):
        attributes = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(tag[3])}
        if tag[2] != "source":
            kind = "" if tag[1] else tag[2]
            title = " ".join(attributes.get("title", "").split()) or None
        address = attributes.get("src", "")
        if kind and address.lower().startswith(("http:", "https:")) and len(media) < _MOST:
            type_ = _media_type(kind, address, attributes.get("type", ""))
            media.setdefault(address, Medium(kind, to_uri(address), type_, title))
    return list(media.values())


def file_name(address: str) -> str:
    """Return the file name of a URL, or its host if there is none."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    return unquote(parts.path.rstrip("/").rpartition("/")[2]) or parts.netloc


def _media_type(kind: str, address: str, declared: str) -> str:
    """Return the declared media type, or the one of the extension, or a default."""
    bare = declared.partition(";")[0].strip()
    if _MEDIA_TYPE.fullmatch(bare):
        return bare.lower()
    extension = file_name(to_uri(address)).rpartition(".")[2].lower()
    if kind == "audio" and extension in _AUDIO_TYPES:
        return _AUDIO_TYPES[extension]
    return _TYPES.get(extension) or _DEFAULT_TYPES[kind]
