"""The allow-list for bodies: elements, their attributes, and the values of these."""

import re
from collections.abc import Callable

from app.content.body_urls import URL_ATTRIBUTES, clean_media_url, clean_srcset, clean_url

TAGS = {
    *(
        "a abbr b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt"
    ).split(),
    *(
        "em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p picture pre q rp rt"
    ).split(),
    *(
        "ruby s samp small source span strike strong sub summary sup table tbody td tfoot th thead"
    ).split(),
    *"time tr track u ul var video audio wbr".split(),
}
ATTRIBUTES = {
    "*": {"dir", "id", "lang", "title"},
    "a": {"href", "hreflang", "rel"},
    "audio": {"controls", "src"},
    "blockquote": {"cite"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"cite", "datetime"},
    "img": {"alt", "height", "sizes", "src", "srcset", "width"},
    "ins": {"cite", "datetime"},
    "li": {"value"},
    "ol": {"reversed", "start", "type"},
    "q": {"cite"},
    "source": {"height", "media", "sizes", "src", "srcset", "type", "width"},
    "td": {"colspan", "headers", "rowspan"},
    "th": {"colspan", "headers", "rowspan", "scope"},
    "time": {"datetime"},
    "track": {"default", "kind", "label", "src", "srclang"},
    "video": {"controls", "height", "poster", "src", "width"},
}
# Elements that are removed with their content, which is not text for readers.
DROPPED = {"script", "style", "template", "noscript", "iframe", "object", "embed", "title"}
# Every link gets the first two values, and keeps those of the others that it has.
REL = ("noopener", "noreferrer")
REL_KEPT = ("author", "external", "help", "license", "nofollow", "sponsored", "tag", "ugc")
OL_TYPES = {"1", "a", "A", "i", "I"}
_INTEGER = re.compile(r"-?[0-9]{1,9}")
# Lengths, media queries and functions of them (CSS values, level 4).
_CSS = re.compile(r"[\w\s().,:%<>=+*/-]{1,500}", re.ASCII)


def filter_value(tag: str, name: str, value: str) -> str | None:
    """Return the value to store for an attribute of the allow-list, or `None` to remove it."""
    if name == "type" and tag != "ol":
        return value
    rule = _RULES.get(name)
    return value if rule is None else rule(value)


def _filter_srcset(value: str) -> str | None:
    return clean_srcset(value) or None


def _filter_rel(value: str) -> str:
    tokens = value.lower().split()
    return " ".join([*REL, *(kept for kept in REL_KEPT if kept in tokens)])


def _filter_css(value: str) -> str | None:
    return value if _CSS.fullmatch(value) else None


def _filter_integer(value: str) -> str | None:
    number = value.strip()
    return number if _INTEGER.fullmatch(number) else None


def _filter_ol_type(value: str) -> str | None:
    return value if value in OL_TYPES else None


_RULES: dict[str, Callable[[str], str | None]] = {
    **dict.fromkeys(URL_ATTRIBUTES, clean_url),
    **dict.fromkeys(("poster", "src"), clean_media_url),
    "media": _filter_css,
    "rel": _filter_rel,
    "sizes": _filter_css,
    "srcset": _filter_srcset,
    "start": _filter_integer,
    "type": _filter_ol_type,
    "value": _filter_integer,
}
