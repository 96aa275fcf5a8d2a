"""Render bodies as safe HTML and as plain text, from HTML, Markdown or plain text."""

import html
import re
from dataclasses import dataclass, replace

from app.content.addressing import count_relative, with_base
from app.content.bounds import OutOfBounds, check_html, check_nesting, check_relative, check_text
from app.content.counting import count_words, parts_of
from app.content.fragments import ids_of
from app.content.frames import with_frames_of
from app.content.markdown import markdown_html
from app.content.removals import Warned, warnings_for
from app.content.sanitising import sanitise

# A ">" inside quotes does not end a tag.
_TAG = re.compile(
    r"""<(/?[a-zA-Z][a-zA-Z0-9]*)?[^>"']*(?:(?:"[^"]*"|'[^']*')[^>"']*)*>""",
)
# The start and the end of a block: the text before a nested list is its own line.
_BLOCKS = frozenset(
    "p div h1 h2 h3 h4 h5 h6 ul ol dl li blockquote pre table tr dd dt figure figcaption caption "
    "details summary br hr audio video iframe".split()
)
_INSTEAD = {
    **{edge + name: "\n" for name in _BLOCKS for edge in ("", "/")},
    # These separate the words before and after them.
    **dict.fromkeys(("/td", "/th", "img"), " "),
}
# Deleted text is not part of the plain text.
_STRUCK = frozenset(("del", "s", "strike"))
_STRIKES = re.compile(r"<(?:del|s|strike)[ >]")
_PRE = re.compile(r'<pre(?:[^<>"]|"[^"]*")*>(.*?)</pre>', re.DOTALL)
# The references that the sanitiser writes; resolving all others takes longer.
_WRITTEN = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": "\xa0", "&amp;": "&"}
_OTHER_REFERENCE = re.compile(r"&(?!(?:lt|gt|quot|nbsp|amp);)[#a-zA-Z]")
_PARAGRAPHS = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Text:
    """A body as sanitised HTML and as plain text, with the number of words and of relative URLs.

    `warnings` say what was removed from the body.
    """

    markup: str
    plain: str
    words: int
    relative: int
    warnings: tuple[Warned, ...] = ()

    def resolved(self, base: str | None) -> "Text":
        """Resolve the relative URLs, if there is a base.

        Raise `OutOfBounds` if that would make the text far longer.
        """
        if base is None or not self.relative:
            return self
        check_relative(self.relative, base)
        markup = with_base(self.markup, base, ids_of(self.markup))
        return replace(self, markup=markup, relative=count_relative(markup))


def text_of(
    body: str, body_format: str, *, is_clean: bool = False, frames: frozenset[str] = frozenset()
) -> Text:
    """Render the text of a body; its relative URLs stay relative.

    `is_clean` means that HTML was sanitised when it was stored; `frames` are the hosts that may be
    shown in frames. Raise `OutOfBounds` for a body that would take too long.
    """
    if is_clean and body_format == "html":
        markup, warnings = with_frames_of(body, frames), tuple[Warned, ...]()
    else:
        markup, warnings = _clean(body, body_format, frames)
    plain = body_text(markup)
    return Text(markup, plain, count_words(plain), count_relative(markup), warnings)


def sanitised(markup: str, base: str | None = None) -> str:
    """Return HTML with only what the allow-list names.

    Relative URLs are resolved against `base`; without a base they stay relative.
    """
    clean = sanitise(markup).markup
    return clean if base is None else with_base(clean, base, ids_of(clean))


def body_text(markup: str) -> str:
    """Extract the plain text of sanitised HTML: each block on its own line, entities resolved.

    Deleted text is left out. Preformatted text keeps its lines.
    """
    if _STRIKES.search(markup):
        markup = _without_struck(markup)
    lines: list[str] = []
    last = 0
    for block in _PRE.finditer(markup):
        lines += _lines(markup[last : block.start()])
        lines += _lines_as_written(block[1])
        last = block.end()
    return "\n".join([*lines, *_lines(markup[last:])])


def _without_struck(markup: str) -> str:
    """Return HTML without deleted text; where that had blocks, a line ends."""
    pieces: list[str] = []
    depth = last = 0
    for tag in _TAG.finditer(markup):
        name = (tag[1] or "").lower()
        is_struck = name.removeprefix("/") in _STRUCK
        if depth == 0 and is_struck:
            pieces.append(markup[last : tag.start()])
        elif depth and name in _INSTEAD:
            pieces.append("<br>")
        if is_struck:
            depth = max(0, depth - 1) if name.startswith("/") else depth + 1
            last = tag.end()
    return "".join(pieces) if depth else "".join([*pieces, markup[last:]])


def _lines(markup: str) -> list[str]:
    lines: list[str] = []
    for line in _untagged(markup.replace("\n", " ")).split("\n"):
        words = _unescaped(line) if "&" in line else line
        lines.append(" ".join(map(_one_spaced, parts_of(words))).strip())
    return list(filter(None, lines))


def _lines_as_written(markup: str) -> list[str]:
    lines = [_unescaped(line).rstrip() for line in _untagged(markup).split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    first = next((number for number, line in enumerate(lines) if line), 0)
    return lines[first:]


def _untagged(markup: str) -> str:
    pieces: list[str] = []
    last = 0
    for tag in _TAG.finditer(markup):
        pieces += (markup[last : tag.start()], _INSTEAD.get((tag[1] or "").lower(), ""))
        last = tag.end()
    return "".join([*pieces, markup[last:]])


def _clean(body: str, body_format: str, frames: frozenset[str]) -> tuple[str, tuple[Warned, ...]]:
    if body_format == "text":
        check_text(body)
        paragraphs = (part.strip() for part in _PARAGRAPHS.split(html.escape(body, quote=False)))
        written = (f"<p>{part.replace(chr(10), '<br>')}</p>" for part in paragraphs if part)
        return "".join(written), ()
    markup = _from_markdown(body) if body_format == "markdown" else body
    check_html(markup)
    clean, removals = sanitise(markup, frames)
    if not removals:
        return clean, ()
    return clean, warnings_for(removals, body if body_format == "html" else None)


def _from_markdown(body: str) -> str:
    try:
        return markdown_html(body)
    except OutOfBounds:
        # An error about the nesting of embedded HTML is more helpful.
        check_nesting(body)
        raise


def _unescaped(text: str) -> str:
    if _OTHER_REFERENCE.search(text):
        return html.unescape(text)
    for written, meant in _WRITTEN.items():
        text = text.replace(written, meant)
    return text


def _one_spaced(text: str) -> str:
    return " ".join(text.split())
