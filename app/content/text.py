"""What editors write, made safe and readable: HTML by allow-list, Markdown, plain text."""

import html
import re
import threading
from dataclasses import dataclass

import nh3

from app.content.addressing import ADDRESSED, SCHEMES, checked, count_relative, with_base
from app.content.bounds import OutOfBounds, check_html, check_nesting, check_relative, check_text
from app.content.counting import count_words, parts_of
from app.content.markdown import markdown_html

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
    *("time tr u ul var video audio wbr").split(),
}
ATTRIBUTES = {
    "*": {"dir", "lang", "title"},
    "a": {"href", "hreflang"},
    "audio": {"controls", "src"},
    "blockquote": {"cite"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"cite", "datetime"},
    "img": {"alt", "height", "sizes", "src", "width"},
    "ins": {"cite", "datetime"},
    "ol": {"start", "reversed"},
    "q": {"cite"},
    "source": {"src", "type", "media"},
    "td": {"colspan", "headers", "rowspan"},
    "th": {"colspan", "headers", "rowspan", "scope"},
    "time": {"datetime"},
    "video": {"controls", "height", "poster", "src", "width"},
}
# Taken away, but their content stays; while they stood there, they let what was in them nest in
# ways in which it does not without them (HTML, 13.2.4.2 and 13.2.6.4.7).
_SHELTERS = re.compile(
    r"<(?:address|applet|article|aside|button|center|dialog|dir|fieldset|footer|form|header|hgroup"
    r"|listing|main|marquee|menu|nav|search|section|select|svg|math)\b",
    re.IGNORECASE,
)
# With their text, not only their tags: what stands in them was never meant to be read.
_DROPPED = {"script", "style", "template", "noscript", "iframe", "object", "embed", "title"}

# A ">" inside quotes does not end a tag.
_TAG = re.compile(
    r"""<(/?[a-zA-Z][a-zA-Z0-9]*)?[^>"']*(?:(?:"[^"]*"|'[^']*')[^>"']*)*>""",
)
# Both ends of a block: what stands before a nested list is a line of its own.
_BLOCKS = frozenset(
    "p div h1 h2 h3 h4 h5 h6 ul ol dl li blockquote pre table tr dd dt figure figcaption caption "
    "details summary br hr".split()
)
_INSTEAD = {
    **{edge + name: "\n" for name in _BLOCKS for edge in ("", "/")},
    "/td": " ",
    "/th": " ",
}
# The references that the sanitiser writes; all others take longer to resolve.
_WRITTEN = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": "\xa0", "&amp;": "&"}
_OTHER_REFERENCE = re.compile(r"&(?!(?:lt|gt|quot|nbsp|amp);)[#a-zA-Z]")
_PARAGRAPHS = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Text:
    """A body as HTML by allow-list, its words, and how many; `relative` addresses are in it."""

    markup: str
    plain: str
    words: int
    relative: int

    def resolved(self, base: str | None) -> "Text":
        """Return the same text with its relative addresses resolved, where there is a base.

        Raise `OutOfBounds` where that would make it far longer.
        """
        if base is None or not self.relative:
            return self
        check_relative(self.relative, base)
        return Text(with_base(self.markup, base), self.plain, self.words, 0)


def text_of(body: str, body_format: str, *, is_clean: bool = False) -> Text:
    """Return the text of a body, with its relative addresses as they are.

    `is_clean` says that HTML was sanitised when it was stored. Raise `OutOfBounds` for a body that
    would take too long.
    """
    markup = body if is_clean and body_format == "html" else _clean(body, body_format)
    plain = body_text(markup)
    return Text(markup, plain, count_words(plain), count_relative(markup))


def sanitised(markup: str, base: str | None = None) -> str:
    """Return HTML with nothing in it but what the allow-list names.

    Relative addresses are resolved against `base`, and stay as they are without one.
    """
    clean = _sanitiser.cleaner.clean(markup)
    if _SHELTERS.search(markup):
        clean = _sanitiser.cleaner.clean(clean)
    return clean if base is None else with_base(clean, base)


def body_text(markup: str) -> str:
    """Return the words of sanitised HTML: blocks on lines of their own, entities resolved."""
    markup = markup.replace("\n", " ")
    pieces: list[str] = []
    last = 0
    for tag in _TAG.finditer(markup):
        pieces += (markup[last : tag.start()], _INSTEAD.get((tag[1] or "").lower(), ""))
        last = tag.end()
    pieces.append(markup[last:])
    lines: list[str] = []
    for line in "".join(pieces).split("\n"):
        words = _unescaped(line) if "&" in line else line
        lines.append(" ".join(map(_one_spaced, parts_of(words))).strip())
    return "\n".join(filter(None, lines))


def _clean(body: str, body_format: str) -> str:
    if body_format == "text":
        check_text(body)
        paragraphs = (part.strip() for part in _PARAGRAPHS.split(html.escape(body, quote=False)))
        return "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in paragraphs if part)
    markup = _from_markdown(body) if body_format == "markdown" else body
    check_html(markup)
    return sanitised(markup)


def _from_markdown(body: str) -> str:
    try:
        return markdown_html(body)
    except OutOfBounds:
        # HTML in it that nests too deep is the better thing to say.
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


class _Sanitiser(threading.local):
    """One sanitiser a thread: making one costs more than using it."""

    def __init__(self) -> None:
        self.cleaner = nh3.Cleaner(
            tags=TAGS,
            attributes=ATTRIBUTES,
            clean_content_tags=_DROPPED,
            url_schemes=SCHEMES,
            link_rel="noopener noreferrer",
            attribute_filter=_filtered,
        )


def _filtered(_tag: str, name: str, value: str) -> str | None:
    """Return the value of an attribute, or nothing for an address that cannot be kept."""
    return checked(value) if name in ADDRESSED else value


_sanitiser = _Sanitiser()
