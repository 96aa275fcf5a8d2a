"""Bodies for RSS and Atom, without what their readers take for a risk or do not know."""

import html
import re

from app.syndication.formats.corrections import append_corrections
from app.syndication.formats.orphan_elements import replace_orphans
from app.syndication.model.item import Item
from app.syndication.model.media import file_name

# Stored markup has its attributes in double quotes. A value may hold "<", ">" and what looks like
# another attribute, so tags and attributes are read from their beginning, one after the other.
_TAG = re.compile(r'<(/?[A-Za-z][A-Za-z0-9]*)((?:[^<>"]|"[^"]*")*)>')
_VALUE = re.compile(r' (src|title)="([^"]*)"')
_PLAYERS = ("audio", "video")
_ATTRIBUTE = re.compile(r' ([^\s"=<>/]+)="[^"]*"')
# Said in words, within an attribute: some readers take it for the address of a picture.
_QUOTED_SOURCE = r"src=(?='|[\w-]+\s)"
# Most bodies have nothing of it, and are looked through once.
_UNUSUAL = re.compile(
    rf"<(?:audio|bdo|figcaption|ruby|summary|video)\b|<img\b[^<>]*{_QUOTED_SOURCE}"
)
_DIRECTION = re.compile(r' dir="(ltr|rtl)"', re.IGNORECASE)
# HTML says that the element means these (15.3.5).
_OVERRIDES, _ENDS = {"ltr": "\u202d", "rtl": "\u202e"}, "\u202c"


def build_feed_markup(item: Item) -> str | None:
    """Return the body with its corrections, as feeds that are read by many programs hold it."""
    markup = append_corrections(item)
    if markup is None or _UNUSUAL.search(markup) is None:
        return markup
    return replace_orphans(_rewrite_risky_tags(markup))


def _rewrite_risky_tags(markup: str) -> str:
    """Write each tag as many readers take it.

    `bdo` is said by characters: in which direction its text runs, whatever it is.
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
    """Return a link to what a player plays, for readers that have none."""
    address = player.get("src")
    if not address:
        return ""
    name = " ".join(player.get("title", "").split()) or file_name(address)
    return f' <a href="{html.escape(address)}">{html.escape(name, quote=False)}</a> '


def _values(attributes: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in _VALUE.findall(attributes)}


def _tag(name: str, attributes: str, tag: str) -> str:
    if name in _PLAYERS:
        # Each reader has a player of its own, or none.
        return f"<{name}{_ATTRIBUTE.sub(_drop_controls, attributes)}>"
    return re.sub(_QUOTED_SOURCE, "src&#61;", tag) if name == "img" else tag


def _drop_controls(match: re.Match[str]) -> str:
    return "" if match[1] == "controls" else match[0]
