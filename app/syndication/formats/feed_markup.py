"""Bodies for RSS and Atom, without what their readers take for a risk or do not know."""

import re

from app.syndication.formats.corrected import corrected
from app.syndication.formats.strays import without_strays
from app.syndication.item import Item

# Stored markup has its attributes in double quotes, and a ">" in one does not end the tag.
_TAG = r'<{name}\b(?:[^<>"]|"[^"]*")*>'
# Said in words, within an attribute: some readers take it for the address of a picture.
_SAID_SOURCE = r"src=(?='|[\w-]+\s)"
# Most bodies have nothing of it, and are looked through once.
_UNUSUAL = re.compile(rf"<(?:audio|bdo|figcaption|ruby|summary|video)\b|<img\b[^<>]*{_SAID_SOURCE}")
_PLAYERS = re.compile(_TAG.format(name="(?:audio|video)"))
_CONTROLS = re.compile(r' controls="[^"]*"')
_BDO = re.compile(_TAG.format(name="bdo"))
_IMAGES = re.compile(_TAG.format(name="img"))
_DIRECTION = re.compile(r' dir="(ltr|rtl)"', re.IGNORECASE)
# HTML says that the element means these (15.3.5).
_OVERRIDES, _ENDS = {"ltr": "\u202d", "rtl": "\u202e"}, "\u202c"


def feed_markup(item: Item) -> str | None:
    """Return the body with its corrections, as feeds that are read by many programs hold it."""
    markup = corrected(item)
    if markup is None or _UNUSUAL.search(markup) is None:
        return markup
    # Each reader has a player of its own, or none.
    markup = _PLAYERS.sub(lambda tag: _CONTROLS.sub("", tag[0]), markup)
    markup = _IMAGES.sub(lambda tag: re.sub(_SAID_SOURCE, "src&#61;", tag[0]), markup)
    markup = _without_bdo(markup) if "<bdo" in markup else markup
    return without_strays(markup)


def _without_bdo(markup: str) -> str:
    """Say by characters what `bdo` says: in which direction its text runs, whatever it is."""
    parts, ends, last = list[str](), list[str](), 0
    for tag in re.finditer(rf"{_BDO.pattern}|</bdo>", markup):
        parts.append(markup[last : tag.start()])
        last = tag.end()
        if tag[0] == "</bdo>":
            parts.append(f"{ends.pop() if ends else ''}</span>")
            continue
        direction = _DIRECTION.search(tag[0])
        parts.append(f"<span{tag[0].removeprefix('<bdo')}")
        parts.append(_OVERRIDES[direction[1].lower()] if direction else "")
        ends.append(_ENDS if direction else "")
    return "".join([*parts, markup[last:]])
