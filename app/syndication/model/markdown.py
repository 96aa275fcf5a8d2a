"""Convert sanitised HTML to Markdown (CommonMark with tables)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser

from app.syndication.model.media import file_name

_SPACES = re.compile(r"[ \t\n\r\f]+")
_SPECIAL = re.compile(r"[\\`*_\[\]<>|~]|&(?=#?\w)")
_LINE_START = re.compile(r"^([-+=#]|\d{1,9}(?=[.)]))", re.MULTILINE)
_NUMBER = re.compile(r"[0-9]{1,8}")
_BACKTICKS = re.compile(r"`+")
# No story contains this character; it becomes a hard break when its line is finished.
_BREAK = "\x01"
_BREAKS = re.compile(rf" ?{_BREAK} ?")
_VOID = frozenset({"br", "hr", "img", "wbr", "source", "col", "track"})
_MEDIA = frozenset({"audio", "video"})
_MARKS = {"b": "**", "strong": "**", "i": "*", "em": "*", "del": "~~", "s": "~~", "strike": "~~"}
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_CELLS = frozenset({"td", "th"})
_BLOCKS = (
    frozenset(
        "p div blockquote pre ul ol li dl dt dd table thead tbody tfoot tr caption figure "
        "figcaption details summary".split()
    )
    | _HEADINGS
    | _CELLS
)


def render_markdown(markup: str) -> str:
    """Return sanitised HTML as Markdown."""
    writer = _Writer()
    writer.feed(markup)
    writer.close()
    return writer.finish()


def escape_line(text: str) -> str:
    """Return plain text on one line, with all Markdown syntax escaped."""
    return _finish_line(_escape(text))


@dataclass(slots=True)
class _Frame:
    """An open element: its finished blocks, and the line that is being written."""

    tag: str
    attributes: dict[str, str]
    blocks: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)

    def end_line(self) -> None:
        """Make a paragraph of the current line, if it is not empty."""
        text = _finish_line("".join(self.line))
        self.line.clear()
        if text:
            self.blocks.append(text)

    def as_one_line(self) -> str:
        """Return all content on one line, for places that cannot hold paragraphs."""
        return " ".join(self.blocks).replace("\\\n", " ").replace("\n", " ")


class _Writer(HTMLParser):
    """Writes each element into its parent when it ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open = [_Frame("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element, or write a void one."""
        attributes = {name: value or "" for name, value in attrs}
        if tag in _BLOCKS or tag == "hr":
            self._open[-1].end_line()
        if tag in _VOID:
            self._write_void(tag, attributes)
        else:
            self._open.append(_Frame(tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        """Close an element, and all unclosed elements in it."""
        if not any(frame.tag == tag for frame in self._open[1:]):
            return
        while self._close() != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Write text; it is not escaped inside code."""
        self._open[-1].line.append(data if self._is_in("pre", "code") else _escape(data))

    def finish(self) -> str:
        """Return the whole document."""
        while len(self._open) > 1:
            self._close()
        self._open[0].end_line()
        return "\n\n".join(self._open[0].blocks)

    def _is_in(self, *tags: str) -> bool:
        return any(frame.tag in tags for frame in self._open)

    def _write_void(self, tag: str, attributes: dict[str, str]) -> None:
        around = self._open[-1]
        if tag == "hr":
            around.blocks.append("***")
        elif tag == "br":
            around.line.append("\n" if self._is_in("pre") else _BREAK)
        elif tag == "img" and attributes.get("src"):
            alt = _escape(attributes.get("alt", ""))
            around.line.append(f"![{alt}]({link_target(attributes['src'])})")
        elif tag == "source" and around.tag in _MEDIA:
            around.attributes.setdefault("src", attributes.get("src", ""))

    def _close(self) -> str:
        """Write the innermost element into its parent; return its tag."""
        frame, around = self._open.pop(), self._open[-1]
        if frame.tag in _BLOCKS:
            around.blocks.extend(_render_block(frame, around))
        elif self._is_in("pre"):
            around.line.extend(frame.line)
        else:
            # Blocks inside a link or emphasis keep their words and lose the emphasis.
            around.blocks.extend(frame.blocks)
            around.line.append(_render_inline(frame, "".join(frame.line)))
        return frame.tag


def _render_inline(frame: _Frame, text: str) -> str:
    if frame.tag == "code":
        return _render_code(text)
    if frame.tag in _MEDIA and frame.attributes.get("src"):
        address = frame.attributes["src"]
        name = " ".join(frame.attributes.get("title", "").split()) or file_name(address)
        return f"{text} [{_escape(name)}]({link_target(address)}) "
    bare = text.strip(f" \t\n\r\f{_BREAK}")
    if not bare:
        return text
    if frame.tag == "a" and frame.attributes.get("href"):
        return text.replace(bare, f"[{bare}]({link_target(frame.attributes['href'])})", 1)
    mark = _MARKS.get(frame.tag)
    # Emphasis marks must touch the words; spaces stay outside.
    return text.replace(bare, f"{mark}{bare}{mark}", 1) if mark else text


def _render_block(frame: _Frame, around: _Frame) -> list[str]:
    if frame.tag == "pre":
        return [_render_code_block("".join(frame.line))]
    frame.end_line()
    if frame.tag in _CELLS:
        return [frame.as_one_line()]
    if not frame.blocks:
        return []
    if frame.tag in _HEADINGS:
        return [f"{'#' * int(frame.tag[1])} {frame.as_one_line()}"]
    render = _RENDERERS.get(frame.tag)
    return [render(frame, around)] if render else frame.blocks


def _render_row(frame: _Frame, around: _Frame) -> str:
    return f"| {' | '.join(frame.blocks)} |"


def _render_table(frame: _Frame, around: _Frame) -> str:
    """Return a table; its first row is the header, which Markdown requires."""
    rows = [block for block in frame.blocks if block.startswith("| ")]
    others = [block for block in frame.blocks if not block.startswith("| ")]
    if not rows:
        return "\n\n".join(others)
    rule = "|" + " --- |" * max(1, rows[0].count(" | ") + 1)
    return "\n\n".join([*others, "\n".join([rows[0], rule, *rows[1:]])])


def _render_list(frame: _Frame, around: _Frame) -> str:
    return "\n".join(frame.blocks)


def _render_list_item(frame: _Frame, around: _Frame) -> str:
    mark = f"{_item_number(frame, around)}. " if around.tag == "ol" else "- "
    return mark + "\n\n".join(frame.blocks).replace("\n", "\n" + " " * len(mark))


def _item_number(frame: _Frame, around: _Frame) -> int:
    """Return the number of a list item; Markdown can only count upwards."""
    start = around.attributes.get("start", "")
    if not around.blocks and _NUMBER.fullmatch(frame.attributes.get("value", "")):
        start = frame.attributes["value"]
    return len(around.blocks) + (int(start) if _NUMBER.fullmatch(start) else 1)


def _render_quote(frame: _Frame, around: _Frame) -> str:
    lines = "\n\n".join(frame.blocks).split("\n")
    return "\n".join(f"> {line}".rstrip() for line in lines)


_RENDERERS: dict[str, Callable[[_Frame, _Frame], str]] = {
    "tr": _render_row,
    "table": _render_table,
    "ul": _render_list,
    "ol": _render_list,
    "li": _render_list_item,
    "blockquote": _render_quote,
}


def _render_code_block(code: str) -> str:
    fence = "`" * max(3, _longest_run(code) + 1)
    return f"{fence}\n{code.strip(chr(10))}\n{fence}"


def _render_code(text: str) -> str:
    if not text.strip():
        return text
    fence = "`" * (_longest_run(text) + 1)
    inner = _SPACES.sub(" ", text).strip()
    pad = " " if inner.startswith("`") or inner.endswith("`") else ""
    return f"{fence}{pad}{inner}{pad}{fence}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in _BACKTICKS.findall(text)), default=0)


def link_target(address: str) -> str:
    """Return a URL in angle brackets, inside which few characters have a meaning."""
    bare = _SPACES.sub("%20", address.strip())
    return "<" + bare.replace("\\", "%5C").replace("<", "%3C").replace(">", "%3E") + ">"


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text)


def _finish_line(text: str) -> str:
    bare = _BREAKS.sub(_BREAK, _SPACES.sub(" ", text)).strip(f" {_BREAK}")
    return _LINE_START.sub(_escape_start, bare.replace(_BREAK, "\\\n"))


def _escape_start(match: re.Match[str]) -> str:
    """Escape the start of a line that would make it a list, a heading or a rule."""
    return f"{match[1]}\\" if match[1].isdigit() else f"\\{match[1]}"
