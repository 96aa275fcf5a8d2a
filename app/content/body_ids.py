"""Ids inside a story that its links refer to, such as those of footnotes."""

import html
import re
from urllib.parse import unquote

from app.content.body_urls import OWN_ID_PREFIX
from app.kit.uri import is_visible

_LONGEST = 100
_LINK = re.compile(r' href="[^"#]*#([^"]+)"')
_INNER_LINK = re.compile(r' href="#([^"]+)"')
_ID = re.compile(r' id="([^"]*)"')
# Stored markup has its attributes in double quotes; a ">" inside one does not end the tag.
_TAG = re.compile(r'<[a-z](?:[^<>"]|"[^"]*")*>')
_DIGIT = re.compile(r"[0-9]")


def keep_linked_ids(markup: str) -> str:
    """Return sanitised HTML with only those ids that a link in it refers to, each once.

    Browsers make every id a global variable, and scripts look for ids. An id with a digit, as
    footnotes have, is kept; any other id, and the links to it, get a prefix.
    """
    if ' id="' not in markup:
        return markup
    wanted = {unquote(html.unescape(name)) for name in _LINK.findall(markup)}
    names: dict[str, str] = {}
    taken: set[str] = set()

    def keep_id(found: re.Match[str]) -> str:
        name = html.unescape(found[1])
        safe = _make_safe(name)
        if name not in wanted or safe is None or safe in taken:
            return ""
        names[name] = safe
        taken.add(safe)
        return f' id="{html.escape(safe)}"'

    markup = _TAG.sub(lambda tag: _ID.sub(keep_id, tag[0]) if " id=" in tag[0] else tag[0], markup)

    def rename_link(found: re.Match[str]) -> str:
        name = unquote(html.unescape(found[1]))
        return f' href="#{OWN_ID_PREFIX}{found[1]}"' if names.get(name, name) != name else found[0]

    if all(name == safe for name, safe in names.items()):
        return markup
    return _TAG.sub(lambda tag: _INNER_LINK.sub(rename_link, tag[0]), markup)


def find_ids(markup: str) -> frozenset[str]:
    """Return the ids in sanitised HTML."""
    if ' id="' not in markup:
        return frozenset()
    return frozenset(
        html.unescape(found[1]) for tag in _TAG.finditer(markup) for found in _ID.finditer(tag[0])
    )


def _make_safe(name: str) -> str | None:
    if not name or len(name) > _LONGEST or not is_visible(name):
        return None
    return (
        name if _DIGIT.search(name) or name.startswith(OWN_ID_PREFIX) else f"{OWN_ID_PREFIX}{name}"
    )
