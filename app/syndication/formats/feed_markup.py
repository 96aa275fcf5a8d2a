"""Bodies for RSS and Atom, without markup that feed readers reject or do not know."""

import html
import re

from app.syndication.formats.corrections import append_corrections
from app.syndication.formats.orphan_elements import replace_orphans
from app.syndication.model.item import Item
from app.syndication.model.media import file_name

# Stored markup has its attributes in double quotes. A value may contain "<", ">" and text like
# another attribute, so tags and attributes are parsed from left to right.
_TAG = re.compile(r'<(/?[A-Za-z][A-Za-z0-9]*)((?:[^<>"]|"[^"]*")*)>')
_VALUE = re.compile(r' (src|title)="([^"]*)"')
_PLAYERS = ("audio", "video")
_ATTRIBUTE = re.compile(r' ([^\s"=<>/]+)="[^"]*"')
# This text inside an attribute is mistaken for an image address by some readers.
_QUOTED_SOURCE = r"src=(?='|[\w-]+\s)"
# Most bodies contain none of this and are searched only once.
_UNUSUAL = re.compile(
    rf"<(?:audio|bdo|figcaption|ruby|summary|video)\b|<img\b[^<>]*{_QUOTED_SOURCE}"
)
_DIRECTION = re.compile(r' dir="(ltr|rtl)"', re.IGNORECASE)
# The HTML standard defines `bdo` by these characters (15.3.5).
_OVERRIDES, _ENDS = {"ltr": "\u202d", "rtl": "\u202e"}, "\u202c"


def build_feed_markup(item: Item) -> str | None:
    """Return the body with its corrections, for feeds that many programs read."""
    markup = append_corrections(item)
    if markup is None or _UNUSUAL.search(markup) is None:
        return markup
    return replace_orphans(_rewrite_risky_tags(markup))


def _rewrite_risky_tags(markup: str) -> str:
    """Rewrite tags that many readers reject.

    Unicode overrides replace `bdo`; they set the direction of its text.
    """
    parts, ends, last = list[str](), list[str](), 0
    player = dict[str, str]()
    for tag in _TAG.finditer(markup):
        parts.append(markup[last : tag.start()])
        last = tag.end()
        name, attributes = tag.groups()
        if name == "/bdo":
            parts.append(f"{ends.pop() if ends else ''}</span>")
        elif name == "bdo":
            direction = _DIRECTION.search(attributes)
            parts.append(f"<span{attributes}>")
            parts.append(_OVERRIDES[direction[1].lower()] if direction else "")
            ends.append(_ENDS if direction else "")
        else:
            parts.append(_tag(name, attributes, tag[0]))
            if name in _PLAYERS:
                player = _values(attributes)
            elif name == "source":
                player.setdefault("src", _values(attributes).get("src", ""))
            elif name[1:] in _PLAYERS:
                parts.append(_link(player))
    return "".join([*parts, markup[last:]])


def _link(player: dict[str, str]) -> str:
    """Return a link to the file of a player, for readers without players."""
    address = player.get("src")
    if not address:
        return ""
    name = " ".join(player.get("title", "").split()) or file_name(address)
    return f' <a href="{html.escape(address)}">{html.escape(name, quote=False)}</a> '


def _values(attributes: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in _VALUE.findall(attributes)}


def _tag(name: str, attributes: str, tag: str) -> str:
    if name in _PLAYERS:
        # A reader adds its own controls, or has no player.
        return f"<{name}{_ATTRIBUTE.sub(_drop_controls, attributes)}>"
    return re.sub(_QUOTED_SOURCE, "src&#61;", tag) if name == "img" else tag


def _drop_controls(match: re.Match[str]) -> str:
    return "" if match[1] == "controls" else match[0]
