"""Frames: keep those of configured hosts, and replace others by links."""

import html
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from app.content.allow_list import REL, filter_value
from app.content.body_urls import clean_media_url
from app.content.embeds import find_title

# The attributes of every frame. It may run scripts and access its own site, because players need
# both; it may not navigate the page, submit forms or download files.
FRAME_SET = {
    "allowfullscreen": "",
    "loading": "lazy",
    "referrerpolicy": "strict-origin-when-cross-origin",
    "sandbox": "allow-popups allow-presentation allow-same-origin allow-scripts",
}
FRAME_ATTRIBUTES = {"height", "src", "title", "width", *FRAME_SET}
_SIZE = re.compile(r"[0-9]{1,4}%?")
_FRAME = re.compile(r"<iframe((?: [^<>]*)?)></iframe>")
_ATTRIBUTE = re.compile(r' (src|title)="([^"]*)"')


def is_frame_allowed(address: str, hosts: frozenset[str]) -> bool:
    """Tell whether a frame may load a URL: HTTPS, from a configured host or its subdomains."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    labels = host.split(".")
    named = (".".join(labels[start:]) for start in range(len(labels)))
    return parts.scheme in ("", "https") and bool(host) and any(name in hosts for name in named)


def build_frame_attributes(address: str, told: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes of a frame for a URL."""
    sizes = {name: told.get(name, "") for name in ("width", "height")}
    known = {name: size for name, size in sizes.items() if _SIZE.fullmatch(size)}
    return {"src": address, "title": find_title(told, address), **known, **FRAME_SET}


def filter_frame_value(tag: str, name: str, value: str) -> str | None:
    """Return the value to store for an attribute, if the allow-list includes frames."""
    if tag == "iframe" and name in FRAME_SET:
        return FRAME_SET[name]
    return filter_value(tag, name, value)


def replace_other_frames(markup: str, hosts: frozenset[str]) -> str:
    """Return sanitised HTML with links in place of the frames of other hosts."""
    if "<iframe" not in markup:
        return markup
    return _FRAME.sub(lambda frame: _keep_or_link(frame, hosts), markup)


def _keep_or_link(frame: re.Match[str], hosts: frozenset[str]) -> str:
    told = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(frame[1])}
    address = clean_media_url(told.get("src", ""))
    if address is None:
        return ""
    if is_frame_allowed(address, hosts) and ' sandbox="' in frame[1]:
        return frame[0]
    text = html.escape(find_title(told, address), quote=False)
    return f' <a href="{html.escape(address)}" rel="{" ".join(REL)}">{text}</a> '
