"""HTML beyond the allow-list: mark its elements before a parser reads them.

An HTML parser drops what is misplaced (cells without a table) and gives some elements its own
meaning (`noscript`, `svg`). So before parsing, such tags get other names, which say what they are
to readers. Their original names and positions are kept in attributes.
"""

import html
import re

from app.content.allow_list import DROPPED, TAGS
from app.content.body_limits import TAG_PATTERN
from app.content.body_warnings import Removal

# Block elements, and the elements of the allow-list that replace them.
BLOCKS = {
    **dict.fromkeys(
        (
            "address article aside center dialog fieldset footer form header hgroup legend main "
            "marquee nav optgroup option search section x-block"
        ).split(),
        "div",
    ),
    **dict.fromkeys(("dir", "menu"), "ul"),
    "listing": "pre",
}
# Inline boxes: their words are separated from the words around them.
BOXES = set("applet button canvas meter object progress select textarea x-box".split())
# Unknown elements, which may be inside a word.
INLINE = "x-inline"
NOSCRIPT = "x-noscript"
_DROP = "x-drop"
VOID = {"embed", "input", "param"}
# AMP elements, and their HTML equivalents.
MEDIA = {
    "amp-anim": "img",
    "amp-audio": "audio",
    "amp-iframe": "iframe",
    "amp-img": "img",
    "amp-video": "video",
}
# Elements without meaning for their text; the parser or the sanitiser removes their tags.
_TRANSPARENT = set(
    (
        "acronym area base basefont bgsound big blink body data datalist font frame frameset head "
        "html image label link map meta nobr output rb rtc tt"
    ).split()
)
_KNOWN = TAGS | DROPPED | BLOCKS.keys() | BOXES | VOID | _TRANSPARENT
_RENAMED = {
    "noscript": NOSCRIPT,
    "noembed": NOSCRIPT,
    "noframes": NOSCRIPT,
    "label": INLINE,
    "acronym": "abbr",
    "image": "img",
    "plaintext": "listing",
    "xmp": "listing",
}
_PARTS_OF_TABLES = set("caption tbody td tfoot th thead tr".split())
# Drawings and formulas: their words are separate labels.
_ROOTS = {"svg", "math"}
_SILENT = {"annotation", "annotation-xml", "defs", "desc", "metadata", "symbol"}
# Elements whose content is not markup (HTML, section 13.2.5.2 to 13.2.5.4).
_RAW = {"iframe", "script", "style", "textarea", "title", "xmp"}
_RAW_ENDS = {
    name: re.compile(rf"</{name}(?=[\t\n\f\r />]|\Z)", re.IGNORECASE) for name in sorted(_RAW)
}
_TOKEN = re.compile(rf"<!--(?:-?>|.*?--!?>|.*)|{TAG_PATTERN}(>?)", re.DOTALL)
_TABLE_TAG = re.compile(rf"<(/?)(table|{'|'.join(sorted(_PARTS_OF_TABLES))})[\s/>]")
_NAME = re.compile(r"</?([a-zA-Z][^\s/>]*)")
# Attributes and classes that say where embedded content is loaded from.
_PLACES = re.compile(
    r"[\s\"']data-(?:src|lazy|orig|actual|href|permalink|instgrm|cfsrc|ezsrc|echo|url|img-src|full-src|hi-res|large|litespeed|cookieblock|cmp)|<a\b[^<>]*\sname\s*=",
    re.IGNORECASE,
)
_EMBEDDED = ("embed", "-media", "-tweet")
_REPORTED = set("applet button canvas form input math select svg textarea".split())
_LONGEST_NAME = 60


def has_unsupported_html(markup: str) -> bool:
    """Tell whether HTML has, or may have, elements that the allow-list cannot represent."""
    names = set(_NAME.findall(markup))
    if not names <= TAGS or (names & _PARTS_OF_TABLES and _has_stray_parts(markup)):
        return True
    if ("data-" in markup or "name" in markup) and _PLACES.search(markup) is not None:
        return True
    return "class" in markup and any(word in markup for word in _EMBEDDED)


def rename_elements(markup: str) -> tuple[str, list[Removal]]:
    """Rename tags by their meaning; return the HTML, and the elements that will be removed."""
    reader = _TagRenamer(markup)
    return reader.read(), reader.removals


def _has_stray_parts(markup: str) -> bool:
    depth = 0
    for tag in _TABLE_TAG.finditer(markup):
        if tag[2] == "table":
            depth = max(0, depth - 1) if tag[1] else depth + 1
        elif not depth:
            return True
    return False


class _TagRenamer:
    """Reads tags in order, like a browser without scripts."""

    def __init__(self, markup: str) -> None:
        self.removals: list[Removal] = []
        self._markup = markup
        self._tables = 0
        self._root = ""

    def read(self) -> str:
        """Return the markup with renamed tags."""
        parts: list[str] = []
        last = end = 0
        while found := _TOKEN.search(self._markup, end):
            end = found.end()
            if found[2] is None:
                continue
            name = found[2].lower()
            written = self._tag(found, name)
            if written is not None:
                parts += (self._markup[last : found.start()], written)
                last = end
            if name in _RAW and not found[1]:
                ends = _RAW_ENDS[name].search(self._markup, end)
                if ends is None and found[3].endswith("/"):
                    # XHTML writes empty elements like this.
                    parts += (self._markup[last:end], f"</{_RENAMED.get(name, name)}>")
                    last = end
                    continue
                begins, end = end, ends.start() if ends else len(self._markup)
                if name == "xmp":
                    parts.append(html.escape(self._markup[begins:end], quote=False))
                    last = end
        return "".join([*parts, self._markup[last:]])

    def _tag(self, found: re.Match[str], name: str) -> str | None:
        """Return the replacement of a tag, or `None` to keep it."""
        self._report(found, name)
        meant = self._rename(found, name)
        if meant == name and name not in _MARKED:
            return None
        if found[1]:
            return f"</{meant}>"
        shown = re.sub(r"[^a-z0-9:._-]", "", name)[:_LONGEST_NAME]
        rest = _add_leading_space(found[3].rstrip("/") if meant != name else found[3])
        tag = f'<{meant} data-at="{found.start()}" data-is="{shown}"{rest}{found[4]}'
        # An author of a self-closing custom tag expects an empty element.
        is_empty = found[3].endswith("/") and meant in (INLINE, "x-box", _DROP)
        return f"{tag}</{meant}>" if is_empty and found[4] else tag

    def _rename(self, found: re.Match[str], name: str) -> str:
        is_end = bool(found[1])
        if name in _ROOTS or (self._root and name not in DROPPED | {"a"}):
            if name in _ROOTS:
                self._root = "" if is_end or found[3].endswith("/") else name
            return _DROP if name in _SILENT else "x-box"
        if name == "table":
            self._tables = max(0, self._tables - 1) if is_end else self._tables + 1
        if name in _PARTS_OF_TABLES and not self._tables:
            return "x-block"
        if name in MEDIA:
            return MEDIA[name]
        return _RENAMED.get(name, name if name in _KNOWN else INLINE)

    def _report(self, found: re.Match[str], name: str) -> None:
        if found[1]:
            return
        if name in ("script", "template"):
            self._add_removal(found, name, "removed, with what stands in it")
        elif name in _REPORTED:
            self._add_removal(found, name, "removed; its text stays")
        elif not (name in _KNOWN or name in _RENAMED or name in MEDIA or self._root or ":" in name):
            # Names with a colon come from word processors, and mean nothing to readers.
            self._add_removal(found, name, "removed; its text stays")

    def _add_removal(self, found: re.Match[str], name: str, what: str) -> None:
        before = self._markup[max(0, found.start() - 200) : found.start()]
        after = re.sub(r"<[^<>]*>|^[^<>]*>", " ", before)
        self.removals.append(Removal(name, what, offset=found.start(), after=after))


def _add_leading_space(rest: str) -> str:
    return rest if rest[:1] in ("", " ", "\t", "\n", "\f", "\r", "/") else f" {rest}"


# Elements that may be removed or changed, depending on their content.
_MARKED = {"img", "iframe", "embed", "object", "audio", "video"}
# Element names beyond the allow-list that the parser's output may have.
NAMES = BLOCKS.keys() | BOXES | VOID | {INLINE, NOSCRIPT, "iframe"}
NAMES_DROPPED = {"script", "style", "template", "title", _DROP}
