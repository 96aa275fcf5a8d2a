"""Remove images, audio and video from stored documents, for agreements that do not include them.

The markup was sanitised when it was stored: it is well-formed, and its attributes are in double
quotes.
"""

import re
from typing import Any

from app.content.body_text import extract_text
from app.kit import json

_REMOVED = frozenset(("audio", "figure", "img", "picture", "video"))
_VOID = frozenset(("img", "source", "track"))
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)(?:[^<>"]|"[^"]*")*>')
# Elements that are left out if nothing remains in them.
_EMPTY = re.compile(r"<(a|p|li|ol|ul|div)(?: (?:[^<>\"]|\"[^\"]*\")*)?>\s*</\1>")
# Where the image of a story begins, and what follows it (see `rendering`). Neither is within a
# text, where quotes are escaped.
_IMAGE, _AFTER_IMAGE = b'"image":{', b'},"urgency":'
_NO_IMAGE = b'"image":null'


def remove_image(members: bytes) -> bytes:
    """Return the stored members of a story with `image` set to null."""
    # Parsing them would double the cost of a list.
    before, mark, rest = members.partition(_IMAGE)
    return before + _NO_IMAGE + rest[rest.index(_AFTER_IMAGE) + 1 :] if mark else members


def remove_media(members: bytes) -> bytes:
    """Return the stored body members without images, audio, video and their captions.

    The plain text is that of the HTML that remains.
    """
    value: dict[str, Any] = json.loads(b"{%b}" % members)
    markup = remove_media_elements(value["body_html"] or "")
    if markup == value["body_html"]:
        return members
    return json.dumps({**value, "body_html": markup, "body_text": extract_text(markup)})[1:-1]


def remove_media_elements(markup: str) -> str:
    """Return sanitised HTML without `figure`, `picture`, `img`, `audio` and `video`."""
    if not any(f"<{name}" in markup for name in _REMOVED):
        return markup
    parts: list[str] = []
    # The number of removed elements that are open, and where the kept text continues.
    depth = last = 0
    for tag in _TAG.finditer(markup):
        if tag[2] not in _REMOVED:
            continue
        if depth == 0:
            parts.append(markup[last : tag.start()])
        if tag[2] not in _VOID:
            depth += -1 if tag[1] else 1
        last = tag.end()
    parts.append(markup[last:])
    kept, emptied = "".join(parts), 1
    while emptied:
        kept, emptied = _EMPTY.subn("", kept)
    return kept
