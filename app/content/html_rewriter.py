"""Rewrite parsed HTML in the elements of the allow-list.

The input is well-formed: `unsupported_html` renamed unsupported tags, and a parser closed open
elements. The output must still be sanitised.
"""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.content.allow_list import TAGS
from app.content.body_warnings import Removal
from app.content.embeds import find_embed_url, find_frame_url, find_object_url, find_title
from app.content.frames import build_frame_attributes, is_frame_allowed
from app.content.media_sources import choose_image, find_source, is_tracking_pixel
from app.content.unsupported_html import BLOCKS, BOXES, INLINE, NOSCRIPT

_TAG = re.compile(r'<(/?)([a-z][a-z0-9-]*)((?:[^<>"]|"[^"]*")*)>')
_ATTRIBUTE = re.compile(r' ([^\s"=<>/]+)="([^"]*)"')
_VOID = frozenset("br col hr img source track wbr".split())
# Elements that may contain blocks.
_FLOW = frozenset(
    (
        "blockquote caption dd del details div dl dt figcaption figure ins li ol picture summary "
        "table tbody td tfoot th thead tr ul"
    ).split()
) | {*BLOCKS, *BOXES, INLINE, NOSCRIPT, "iframe"}
# Elements whose start and end separate words.
_EDGES = frozenset(
    (
        "audio blockquote br caption dd details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr "
        "img li ol p pre summary table tbody td tfoot th thead tr ul video"
    ).split()
)
# Characters that need no space before them, and those that need none after them.
_CLOSING = frozenset(".,;:!?)]}%»”’…。、，；：！？」』】）")
_OPENING = frozenset("([{«“‘/-–—「『【（")
# The start of a player with an address, or of its `source`.
PLAYED = re.compile(r'<(?:audio|source|video) (?:[^<>]* )?src="')
_HOLDS = re.compile(r"<(?:a [^<>]*href=|audio|img|video)")
# Elements that scripts of other sites replace by embedded content.
_EMBEDDING = frozenset("article blockquote div figure section".split())
# Elements that are kept unchanged everywhere.
_PLAIN = TAGS - {"a", "audio", "img", "picture", "source", "video"}
# Attributes that only say where content is loaded from, or original names.
_UNWRITTEN = ("class", "data-", "name", "aria-")


_NONE: Mapping[str, str] = {}


@dataclass(slots=True)
class _Open:
    """An open element: its end tag, where its output begins, and its attributes."""

    name: str
    end: str
    begins: int
    words: int
    last: str
    attributes: Mapping[str, str]
    # For a `picture`, the `srcset`s of its sources.
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Picture:
    """The last image: after how many texts it came, and whether it is lazy or in `noscript`."""

    src: str
    words: int
    is_lazy: bool
    is_in_noscript: bool


class HtmlRewriter:
    """Rewrites each element in terms of the allow-list."""

    def __init__(self, removals: list[Removal], frames: frozenset[str] = frozenset()) -> None:
        """Extend a list of removals; `frames` are the hosts that may be shown in frames."""
        self.removals = removals
        self._frames = frames
        self._first: dict[tuple[str, str], Removal] = {}
        self._parts: list[str] = []
        self._open: list[_Open] = []
        # The number of texts so far, and the last character of this line.
        self._words, self._last = 0, ""
        # Whether the next word must be separated from the last, and after how many texts an inline
        # element ended.
        self._needs_separation, self._ended = False, -1
        # The number of open elements that may not contain blocks, and the number of each name.
        self._inline_depth = 0
        self._depths = dict.fromkeys(("a", "audio", "iframe", "p", "picture", "video", NOSCRIPT), 0)
        self._picture: _Picture | None = None
        self._last_placeholder: Removal | None = None

    def rewrite(self, markup: str) -> str:
        """Rewrite the whole markup."""
        last = 0
        for tag in _TAG.finditer(markup):
            self._text(markup[last : tag.start()])
            last = tag.end()
            if tag[1]:
                self._end(tag[2])
            else:
                self._start(tag[2], tag[3])
        self._text(markup[last:])
        return "".join(self._parts)

    def _text(self, text: str) -> None:
        if not text or self._depths["iframe"]:
            return
        if self._needs_separation and self._needs_space(text):
            self._parts.append(" ")
        self._parts.append(text)
        if not text.isspace():
            self._words += 1
        self._needs_separation, self._last = False, text[-1]

    def _needs_space(self, text: str) -> bool:
        is_begun = self._last != "" and not self._last.isspace() and self._last not in _OPENING
        return is_begun and not (
            text[0].isspace() or text[0] in _CLOSING or text.startswith("&nbsp;")
        )

    def _start(self, name: str, written: str) -> None:
        if self._depths["iframe"]:
            return
        if not written and name in _PLAIN:
            self._keep(name, "")
            return
        attributes = {key: html.unescape(value) for key, value in _ATTRIBUTE.findall(written)}
        special = _STARTS.get(name)
        if special is not None:
            special(self, attributes)
        elif name in BLOCKS:
            self._start_block(name, written)
        elif name in BOXES or name in (INLINE, NOSCRIPT, "iframe"):
            is_beside = not self._inline_depth or self._ended == self._words
            self._needs_separation |= name in BOXES or (name == INLINE and is_beside)
            self._push(name, "")
        else:
            self._keep(name, written)
        if self._open and self._open[-1].name == name:
            self._open[-1].attributes = attributes

    def _keep(self, name: str, written: str) -> None:
        if name in _EDGES:
            self._end_line()
        if name in _VOID:
            self._parts.append(f"<{name}{written}>")
        else:
            self._push(name, f"</{name}>", f"<{name}{written}>")

    def _push(self, name: str, end: str, start: str = "") -> None:
        self._open.append(_Open(name, end, len(self._parts), self._words, self._last, _NONE))
        self._parts.append(start)
        self._count(name, 1)

    def _count(self, name: str, by: int) -> None:
        if name not in _FLOW:
            self._inline_depth += by
        if name in self._depths:
            self._depths[name] += by

    def _start_block(self, name: str, written: str) -> None:
        if self._depths["p"]:
            # A block element would end the paragraph.
            self._needs_separation = True
            self._push(name, "")
        else:
            self._end_line()
            self._push(name, f"</{BLOCKS[name]}>", f"<{BLOCKS[name]}{written}>")

    def _end_line(self) -> None:
        self._needs_separation, self._last, self._ended = False, "", -1

    def _end(self, name: str) -> None:
        if not self._open or self._open[-1].name != name:
            return
        closed = self._open.pop()
        self._count(name, -1)
        special = _ENDS.get(name)
        if special is not None:
            special(self, closed)
        elif closed.attributes and name in _EMBEDDING:
            self._link_embed(closed)
        self._parts.append(closed.end)
        if name in _EDGES or (name in BLOCKS and closed.end):
            self._end_line()
        elif name in BLOCKS or name in BOXES:
            self._needs_separation = True
        elif name == INLINE:
            self._needs_separation |= not self._inline_depth or closed.words == self._words
            self._ended = self._words

    def _add_removal(self, attributes: Mapping[str, str], what: str) -> Removal:
        name = attributes.get("data-is", "img")
        if (name, what) in self._first:
            # Only the first removal of a kind has its position.
            self.removals.append(self._first[name, what])
            return self._first[name, what]
        at = attributes.get("data-at", "")
        words = "".join(self._parts[-5:])[-200:]
        removal = Removal(
            name,
            what,
            offset=int(at) if at.isdecimal() else None,
            after=re.sub(r"<[^<>]*>|^[^<>]*>", " ", words),
        )
        self.removals.append(removal)
        self._first[name, what] = removal
        return removal

    # Links and anchors.

    def _start_link(self, attributes: dict[str, str]) -> None:
        anchor = attributes.get("id") or attributes.get("name", "")
        self._keep("a", _write_attributes({**attributes, "id": anchor}))

    # Pictures, films and sounds.

    def _start_image(self, attributes: dict[str, str]) -> None:
        around = [element for element in self._open if element.name == "picture"]
        source = find_source(attributes, around[-1].sources if around else ())
        if source.src is None or is_tracking_pixel(attributes):
            self._last_placeholder = self._add_removal(
                attributes, "removed, for it shows no picture"
            )
            self._needs_separation = True
        elif not self._is_repeated(source.src):
            is_instead = bool(self._depths[NOSCRIPT])
            self._picture = _Picture(source.src, self._words, source.is_lazy, is_instead)
            if is_instead and self.removals and self.removals[-1] is self._last_placeholder:
                # This image replaces the placeholder, which was not a loss.
                self.removals.pop()
            self._keep(
                "img", _write_attributes({**attributes, "src": source.src, "srcset": source.srcset})
            )

    def _is_repeated(self, src: str) -> bool:
        """Tell whether an image repeats the last one, for browsers with or without scripts."""
        before = self._picture
        if before is None or before.words != self._words:
            return False
        if self._depths[NOSCRIPT] and before.is_lazy:
            return True
        return before.src == src and bool(before.is_in_noscript or self._depths[NOSCRIPT])

    def _end_picture(self, closed: _Open) -> None:
        if any("<img" in part for part in self._parts[closed.begins :]):
            return
        src = next(filter(None, map(choose_image, closed.sources)), None)
        if src is None or self._is_repeated(src):
            # Without an image, only the other content of the `picture` is kept.
            for place in range(closed.begins, len(self._parts)):
                if place == closed.begins or self._parts[place].startswith("<source"):
                    self._parts[place] = ""
            closed.end = ""
        else:
            self._keep("img", _write_attributes({"src": src}))

    def _start_source(self, attributes: dict[str, str]) -> None:
        source = find_source(attributes)
        if not self._depths["picture"]:
            if source.src and (self._depths["audio"] or self._depths["video"]):
                self._keep_player("source", attributes)
        elif source.srcset or source.src:
            srcset = source.srcset or source.src or ""
            around = [element for element in self._open if element.name == "picture"]
            around[-1].sources += (srcset,)
            self._keep("source", _write_attributes({**attributes, "src": "", "srcset": srcset}))

    def _keep_player(self, name: str, attributes: dict[str, str]) -> None:
        src = find_source(attributes).src or ""
        self._keep(name, _write_attributes({**attributes, "src": src, "srcset": ""}))

    def _end_player(self, closed: _Open) -> None:
        """Remove a player without an address; what stands in it stays."""
        if not any(map(PLAYED.match, self._parts[closed.begins :])):
            self._parts[closed.begins] = closed.end = ""
            self._add_removal(closed.attributes, "removed, for it has no address that can be kept")

    def _end_noscript(self, closed: _Open) -> None:
        if not any(map(_HOLDS.search, self._parts[closed.begins :])):
            # Text for browsers without scripts is not part of the story.
            del self._parts[closed.begins :]
            self._words, self._last = closed.words, closed.last

    # Frames, and what else was shown by something else.

    def _start_input(self, _attributes: dict[str, str]) -> None:
        self._needs_separation = True

    def _start_param(self, attributes: dict[str, str]) -> None:
        for around in self._open[-1:]:
            if around.name == "object":
                name, value = attributes.get("name", "").lower(), attributes.get("value", "")
                around.attributes = {f"param {name}": value, **around.attributes}

    def _start_embed(self, attributes: dict[str, str]) -> None:
        self._link(find_frame_url(attributes), attributes)

    def _end_frame(self, closed: _Open) -> None:
        address = find_frame_url(closed.attributes)
        if is_tracking_pixel(closed.attributes):
            self._add_removal(closed.attributes, "removed, for it shows nothing")
        elif address and is_frame_allowed(address, self._frames):
            self._parts.append(
                f"<iframe{_write_attributes(build_frame_attributes(address, closed.attributes))}>"
            )
            self._parts.append("</iframe>")
            self._end_line()
        else:
            self._link(address, closed.attributes)

    def _end_object(self, closed: _Open) -> None:
        if not any(map(_HOLDS.search, self._parts[closed.begins :])):
            self._link(find_object_url(closed.attributes), closed.attributes)

    def _link_embed(self, closed: _Open) -> None:
        address = find_embed_url(closed.attributes)
        if address and not any("<a " in part for part in self._parts[closed.begins :]):
            self._write_link(address, find_title({}, address))

    def _link(self, address: str | None, attributes: Mapping[str, str]) -> None:
        if address is None:
            self._add_removal(attributes, "removed, for it has no address that can be kept")
            self._needs_separation = True
        else:
            self._add_removal(attributes, "replaced by a link")
            self._write_link(address, find_title(attributes, address))

    def _write_link(self, address: str, title: str) -> None:
        text = html.escape(title, quote=False)
        if self._depths["a"]:
            link = text
        else:
            link = f'<a href="{html.escape(address)}">{text}</a>'
        if self._inline_depth:
            self._needs_separation = True
            if self._needs_space(title):
                self._parts.append(" ")
            self._parts.append(link)
            self._words += 1
            self._needs_separation, self._last = True, title[-1]
        else:
            self._parts.append(f"<p>{link}</p>")
            self._words += 1
            self._end_line()


def _write_attributes(attributes: Mapping[str, str]) -> str:
    return "".join(
        f' {name}="{html.escape(value)}"'
        for name, value in attributes.items()
        if not name.startswith(_UNWRITTEN) and (value or name not in ("id", "src", "srcset"))
    )


_STARTS: dict[str, Callable[[HtmlRewriter, dict[str, str]], None]] = {
    "a": HtmlRewriter._start_link,
    "audio": lambda rewriter, attributes: rewriter._keep_player("audio", attributes),
    "embed": HtmlRewriter._start_embed,
    "img": HtmlRewriter._start_image,
    "input": HtmlRewriter._start_input,
    "param": HtmlRewriter._start_param,
    "source": HtmlRewriter._start_source,
    "video": lambda rewriter, attributes: rewriter._keep_player("video", attributes),
}
_ENDS: dict[str, Callable[[HtmlRewriter, _Open], None]] = {
    **dict.fromkeys(("audio", "video"), HtmlRewriter._end_player),
    "iframe": HtmlRewriter._end_frame,
    "object": HtmlRewriter._end_object,
    "picture": HtmlRewriter._end_picture,
    NOSCRIPT: HtmlRewriter._end_noscript,
}
