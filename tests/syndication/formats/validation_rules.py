"""The rules for feeds; each error has the name that the W3C validator uses."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from html.entities import name2codepoint
from unicodedata import normalize
from urllib.parse import unquote

from html5lib import HTMLParser
from html5lib.html5parser import ParseError

from app.syndication.formats.iso_languages import to_iso_language

_FULL_URI = re.compile(r"[a-zA-Z][0-9a-zA-Z+.-]*:(?://)?[0-9a-zA-Z;/?:@&=+$.\-_!~*'()%,#]+")
_URN = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DATE_822 = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
_DATE_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_END_TAG = re.compile(r"</(\w+)>")
_ENTITY = re.compile(r"&(#?\w+)")
_LOOKS_LIKE_MARKUP = re.compile(r"&#[x0-9]|<[/a-zA-Z]")
_MAIL = re.compile(r"<[\w.+'-]+@[\w.-]+>", re.ASCII)
_RELATIVE = re.compile(r"""<(?:a\s+href|img\s+[^>]*src)=(?:["'](?!\w+:)|[\w-]+[\s>])""")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]+)*")
# Of elements that the sanitiser allows, and of some that it removes.
_UNKNOWN, _UNKNOWN_ATTRIBUTES = {"bdo"}, {"controls"}
_DANGEROUS = set("script style iframe object embed form link meta base svg math".split()) | _UNKNOWN
_MARKUP = {
    ("item", "description"),
    ("item", "encoded"),
    ("content", "description"),
    ("content", "title"),
}
_KNOWN = {
    "rss": "",
    "feed": "",
    "channel": "title link description language lastBuildDate item",
    "item": "title link guid pubDate creator language category source description encoded content"
    " enclosure",
    "content": "title description credit",
    "entry": "id title link published updated author category publisher rights summary content",
    "author": "name uri",
}
_ONCE = set(
    "title link guid pubDate description encoded source id updated published summary".split()
)
_NEVER_BLANK = {"title", "name", "category", "summary"}
_LINK_RELATIONS = {"self", "alternate", "enclosure", "hub", "current", "prev-archive"}


class Element:
    """An element as far as it was parsed."""

    def __init__(
        self, name: str, attrs: dict[str, str], line: int, parent: "Element | None"
    ) -> None:
        self.name, self.attrs, self.line, self.parent = name, attrs, line, parent
        self.text = ""
        self.pieces: list[str] = []
        self.children: Counter[str] = Counter()
        self.links: list[dict[str, str]] = []

    @property
    def above(self) -> str:
        """Return the name of the parent element."""
        return self.parent.name if self.parent else ""

    @property
    def path(self) -> str:
        """Return the position in the document."""
        return f"{self.parent.path}/{self.name}" if self.parent else self.name

    @property
    def holds_markup(self) -> bool:
        """Whether its content is HTML."""
        return self.attrs.get("type") == "html" or (self.above, self.name) in _MARKUP

    @property
    def holds_prose(self) -> bool:
        """Whether its content is plain text, in which markup is an error."""
        return not self.holds_markup


def check_structure(element: Element) -> Iterator[str]:
    """Report missing and unexpected children of an element."""
    known = _KNOWN.get(element.name, "").split()
    for name, count in element.children.items():
        if known and name not in known:
            yield f"UndefinedElement {name}"
        if count > 1 and name in _ONCE and name != "link":
            yield f"DuplicateElement {name}"
    for name in _MISSED.get(element.name, ()):
        if not element.children[name]:
            yield f"MissingElement {name}"
    if element.name in ("channel", "feed"):
        yield from _check_links(element.links)
    if element.children["archive"] and "prev-archive" not in {
        link["rel"] for link in element.links
    }:
        yield "ArchiveIncomplete"
    yield from _check_content(element)


def _check_content(element: Element) -> Iterator[str]:
    if (
        element.name == "entry"
        and not element.children["summary"]
        and not element.children["content"]
    ):
        yield "MissingTextualContent"
    if (
        element.name == "item"
        and element.children["encoded"]
        and not element.children["description"]
    ):
        yield "NeedDescriptionBeforeContent"


def _check_links(links: list[dict[str, str]]) -> Iterator[str]:
    pairs = Counter((link["rel"], link.get("type")) for link in links)
    if "self" not in {rel for rel, _ in pairs}:
        yield "MissingSelf"
    if max(pairs.values()) > 1:
        yield "DuplicateAtomLink"


_MISSED = {
    "channel": ("title", "link", "description"),
    "item": ("title", "guid"),
    "feed": ("id", "title", "updated", "author"),
    "entry": ("id", "title", "updated"),
    "author": ("name",),
}


def check_values(element: Element) -> Iterator[str]:
    """Report invalid dates, names and addresses."""
    text = element.text
    if element.name in ("pubDate", "lastBuildDate"):
        yield from _check_mail_date(text)
    if element.name in ("published", "updated") and not _is_plausible(text):
        yield f"InvalidRFC3339Date or ImplausibleDate {text}"
    for tag in [text] * (element.name == "language") + [element.attrs.get("lang", "")]:
        if tag and (not _LANGUAGE.fullmatch(tag) or to_iso_language(tag) != tag):
            yield f"InvalidLanguage {tag}"
    if element.name in _NEVER_BLANK and not element.attrs.get("term") and not text.strip():
        yield "NotBlank"
    yield from _check_names(element)
    yield from _check_addresses(element)


def _check_names(element: Element) -> Iterator[str]:
    if element.name == "name" and _MAIL.search(element.text):
        yield f"ContainsEmail {element.text}"
    if element.name == "guid" and element.attrs != {"isPermaLink": "false"}:
        yield f"InvalidPermalink {element.text}"
    if element.name == "guid" and not _URN.fullmatch(element.text):
        yield f"InvalidUUID {element.text}"
    if element.name == "id" and normalize("NFC", unquote(element.text)) != unquote(element.text):
        yield f"NonCanonicalURI {element.text}"


def _check_addresses(element: Element) -> Iterator[str]:
    whole = element.name in ("id", "uri") or (element.name == "link" and not element.attrs)
    addresses = [element.text] if whole else []
    addresses += [element.attrs[name] for name in ("href", "url") if name in element.attrs]
    yield from (f"InvalidFullLink {each}" for each in addresses if not _FULL_URI.fullmatch(each))
    if element.attrs.get("rel", "self") not in _LINK_RELATIONS:
        yield f"UnregisteredAtomLinkRel {element.attrs['rel']}"
    for name in ("width", "height"):
        if int(element.attrs.get(name, 1)) < 1:
            yield f"InvalidPositiveInteger {name}"


def _check_mail_date(text: str) -> Iterator[str]:
    if not _DATE_822.fullmatch(text):
        yield f"InvalidRFC2822Date {text}"
    elif parsedate_to_datetime(text).strftime("%a") != text[:3]:
        yield f"IncorrectDOW {text}"
    elif parsedate_to_datetime(text).year < 1990:
        yield f"ImplausibleDate {text}"


def _is_plausible(text: str) -> bool:
    return bool(_DATE_3339.fullmatch(text)) and datetime.fromisoformat(text).year >= 1990


def check_prose(text: str, numbered: bool) -> Iterator[str]:
    """Report text that looks like markup."""
    if _END_TAG.search(text):
        yield f"ContainsHTML {text}"
    entities = [
        name for name in _ENTITY.findall(text) if name in name2codepoint or not name.isalpha()
    ]
    if (entities or _LOOKS_LIKE_MARKUP.search(text)) and not numbered:
        yield f"CharacterData {text}"


def check_markup(text: str) -> Iterator[str]:
    """Report HTML that is broken, relative or dangerous."""
    if _RELATIVE.search(text):
        yield "ContainsRelRef"
    try:
        tree = HTMLParser(strict=True).parseFragment(text)
    except ParseError as problem:
        yield f"NotHtml {problem}"
        return
    for element in tree.iter():
        name = str(element.tag).rpartition("}")[2]
        if name in _DANGEROUS or any(key.startswith(("on", "style")) for key in element.attrib):
            yield f"SecurityRisk {name}"
        yield from (f"SecurityRiskAttr {key}" for key in _UNKNOWN_ATTRIBUTES & set(element.attrib))
