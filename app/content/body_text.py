"""Render bodies as safe HTML and as plain text, from HTML, Markdown or plain text."""

import html
import re
from dataclasses import dataclass, replace

from app.content.body_ids import find_ids
from app.content.body_limits import (
    BodyLimitExceeded,
    check_html,
    check_nesting,
    check_relative,
    check_text,
)
from app.content.body_urls import count_relative_urls, resolve_relative_urls
from app.content.body_warnings import RemovalWarning, build_warnings
from app.content.frames import replace_other_frames
from app.content.markdown import render_markdown
from app.content.sanitiser import sanitise
from app.content.word_count import count_words, split_text

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
    # Browsers draw these.
    "q": "“",
    "/q": "”",
}
# Deleted text, readings of Chinese characters, and the text that browsers show if they have no
# player, are not part of the plain text.
_LEFT_OUT = frozenset("del s strike rt rp audio video".split())
_STARTS_LEFT_OUT = re.compile(rf"<(?:{'|'.join(sorted(_LEFT_OUT))})[ >]")
# The marks of footnotes, which follow a word without a space: links within the story, and digits
# above the line after a word that is no unit of measurement.
_NOTE_MARK = re.compile(
    r"""<(?<=\w<)(?=(?:sup[^<>]*>\s*<)?a\ [^<>]*href="\#[^<>]*>
            \s*(?:<sup[^<>]*>\s*)?[\w*†‡§]{1,3}\s*<)
    |<(?<=[^\W\d_]{3}<)(?=sup[^<>]*>\s*(?:[0-9]{1,3}|[*†‡§]{1,3})\s*</sup>)""",
    re.VERBOSE,
)
_PRE = re.compile(r'<pre(?:[^<>"]|"[^"]*")*>(.*?)</pre>', re.DOTALL)
# The references that the sanitiser writes; resolving all others takes longer.
_WRITTEN = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": "\xa0", "&amp;": "&"}
_OTHER_REFERENCE = re.compile(r"&(?!(?:lt|gt|quot|nbsp|amp);)[#a-zA-Z]")
_PARAGRAPHS = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class BodyText:
    """A body as sanitised HTML and as plain text, with the number of words and of relative URLs.

    `warnings` say what was removed from the body.
    """

    markup: str
    plain: str
    words: int
    relative: int
    warnings: tuple[RemovalWarning, ...] = ()

    def resolve(self, base: str | None) -> "BodyText":
        """Resolve the relative URLs, if there is a base.

        Raise `BodyLimitExceeded` if that would make the text far longer.
        """
        if base is None or not self.relative:
            return self
        check_relative(self.relative, base)
        markup = resolve_relative_urls(self.markup, base, find_ids(self.markup))
        return replace(self, markup=markup, relative=count_relative_urls(markup))


def render_text(
    body: str, body_format: str, *, is_clean: bool = False, frames: frozenset[str] = frozenset()
) -> BodyText:
    """Render the text of a body; its relative URLs stay relative.

    `is_clean` means that HTML was sanitised when it was stored; `frames` are the hosts that may be
    shown in frames. Raise `BodyLimitExceeded` for a body that would take too long.
    """
    if is_clean and body_format == "html":
        markup, warnings = replace_other_frames(body, frames), tuple[RemovalWarning, ...]()
    else:
        markup, warnings = _render_html(body, body_format, frames)
    plain = extract_text(markup)
    return BodyText(markup, plain, count_words(plain), count_relative_urls(markup), warnings)


def sanitise_html(markup: str, base: str | None = None) -> str:
    """Return HTML with only what the allow-list names.

    Relative URLs are resolved against `base`; without a base they stay relative.
    """
    clean = sanitise(markup).markup
    return clean if base is None else resolve_relative_urls(clean, base, find_ids(clean))


def extract_text(markup: str) -> str:
    """Extract the plain text of sanitised HTML: each block on its own line, entities resolved.

    Deleted text and what only some browsers show is left out. Preformatted text keeps its lines.
    """
    if "<sup" in markup or ' href="#' in markup:
        markup = _NOTE_MARK.sub(" <", markup)
    if _STARTS_LEFT_OUT.search(markup):
        markup = _leave_out(markup)
    lines: list[str] = []
    last = 0
    for block in _PRE.finditer(markup):
        lines += _split_lines(markup[last : block.start()])
        lines += _split_preformatted(block[1])
        last = block.end()
    return "\n".join([*lines, *_split_lines(markup[last:])])


def _leave_out(markup: str) -> str:
    """Return HTML without the text that is left out; where that had blocks, a line ends."""
    pieces: list[str] = []
    depth = last = 0
    for tag in _TAG.finditer(markup):
        name = (tag[1] or "").lower()
        is_left_out = name.removeprefix("/") in _LEFT_OUT
        if depth == 0 and is_left_out:
            pieces.append(markup[last : tag.start()])
        if (depth or is_left_out) and _INSTEAD.get(name) == "\n":
            pieces.append("<br>")
        if is_left_out:
            depth = max(0, depth - 1) if name.startswith("/") else depth + 1
            last = tag.end()
    return "".join(pieces) if depth else "".join([*pieces, markup[last:]])


def _split_lines(markup: str) -> list[str]:
    lines: list[str] = []
    for line in _remove_tags(markup.replace("\n", " ")).split("\n"):
        words = _unescape(line) if "&" in line else line
        lines.append(" ".join(" ".join(split_text(words)).split()))
    return list(filter(None, lines))


def _split_preformatted(markup: str) -> list[str]:
    lines = [_unescape(line).rstrip() for line in _remove_tags(markup).split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    first = next((number for number, line in enumerate(lines) if line), 0)
    return lines[first:]


def _remove_tags(markup: str) -> str:
    pieces: list[str] = []
    last = 0
    for tag in _TAG.finditer(markup):
        pieces += (markup[last : tag.start()], _INSTEAD.get((tag[1] or "").lower(), ""))
        last = tag.end()
    return "".join([*pieces, markup[last:]])


def _render_html(
    body: str, body_format: str, frames: frozenset[str]
) -> tuple[str, tuple[RemovalWarning, ...]]:
    if body_format == "text":
        check_text(body)
        paragraphs = (part.strip() for part in _PARAGRAPHS.split(html.escape(body, quote=False)))
        written = (f"<p>{part.replace(chr(10), '<br>')}</p>" for part in paragraphs if part)
        return "".join(written), ()
    markup = _render_markdown(body) if body_format == "markdown" else body
    check_html(markup)
    clean, removals = sanitise(markup, frames)
    if not removals:
        return clean, ()
    return clean, build_warnings(removals, body if body_format == "html" else None)


def _render_markdown(body: str) -> str:
    try:
        return render_markdown(body)
    except BodyLimitExceeded:
        # An error about the nesting of embedded HTML is more helpful.
        check_nesting(body)
        raise


def _unescape(text: str) -> str:
    if _OTHER_REFERENCE.search(text):
        return html.unescape(text)
    for written, meant in _WRITTEN.items():
        text = text.replace(written, meant)
    return text
