"""What editors write, made safe and readable: HTML by allow-list, Markdown, plain text."""

import html
import re
import threading
from urllib.parse import urljoin

import nh3
from markdown_it import MarkdownIt

from app.content.nesting import is_too_deep

_TAGS = {
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
_ATTRIBUTES = {
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
_SCHEMES = {"http", "https", "mailto", "tel"}
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
_ATTRIBUTE_SAFE_TAG = re.compile(r"""<[^>"']*(?:(?:"[^"]*"|'[^']*')[^>"']*)*>""")
# Both ends of a block: what stands before a nested list is a line of its own.
_BLOCK_EDGE = re.compile(
    r"</?(?:p|div|h[1-6]|[uod]l|li|blockquote|pre|table|tr|d[td]|figure|figcaption|caption"
    r"|details|summary|[bh]r)\b" + _ATTRIBUTE_SAFE_TAG.pattern.removeprefix("<"),
    re.IGNORECASE,
)
_CELL_END = re.compile(r"</t[dh]>", re.IGNORECASE)
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r" *\n[ \n]*")
_PARAGRAPHS = re.compile(r"\n\s*\n")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")

_markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class TooDeep(Exception):
    """Markup nests deeper, or has more tags, than any text that people read."""


def sanitised(markup: str, base: str | None = None) -> str:
    """Return HTML with nothing in it but what the allow-list names.

    Relative addresses are resolved against `base`, and stay as they are without one.
    """
    _sanitiser.base = base
    clean = _sanitiser.cleaner.clean(markup)
    return _sanitiser.cleaner.clean(clean) if _SHELTERS.search(markup) else clean


def stored_body(body: str, body_format: str, base: str | None) -> str:
    """Return a body as it is kept: HTML sanitised, other formats as they were written.

    Raise `TooDeep` for HTML, or Markdown that makes HTML, that nobody could read.
    """
    markup = _markdown.render(body) if body_format == "markdown" else body
    if body_format != "text" and is_too_deep(markup):
        raise TooDeep
    return sanitised(body, base) if body_format == "html" else body


def body_html(body: str, body_format: str, base: str | None) -> str:
    """Return the HTML of a stored body."""
    if body_format == "html":
        return body
    if body_format == "markdown":
        return sanitised(_markdown.render(body), base)
    paragraphs = (part.strip() for part in _PARAGRAPHS.split(html.escape(body, quote=False)))
    return "".join(f"<p>{part.replace(chr(10), '<br>')}</p>" for part in paragraphs if part)


def body_text(markup: str) -> str:
    """Return the words of sanitised HTML: blocks on lines of their own, entities resolved."""
    text = _CELL_END.sub(" ", _BLOCK_EDGE.sub("\n", markup.replace("\n", " ")))
    text = html.unescape(_ATTRIBUTE_SAFE_TAG.sub("", text))
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()


def count_words(text: str) -> int:
    """Count words; a character of Chinese, Japanese or Korean script counts as one."""
    if text.isascii():
        return len(text.split())
    cjk = len(_CJK.findall(text))
    return cjk + len((_CJK.sub(" ", text) if cjk else text).split())


class _Sanitiser(threading.local):
    """One sanitiser a thread: making one costs more than using it, and the base changes."""

    def __init__(self) -> None:
        self.base: str | None = None
        self.cleaner = nh3.Cleaner(
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            clean_content_tags=_DROPPED,
            url_schemes=_SCHEMES,
            link_rel="noopener noreferrer",
            url_relative=self._resolved,
        )

    def _resolved(self, address: str) -> str | None:
        if self.base is None:
            return address
        try:
            return urljoin(self.base, address)
        except ValueError:
            return None


_sanitiser = _Sanitiser()
