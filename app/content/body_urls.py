"""URLs in the attributes of a body: validate them, and resolve relative ones."""

import html
import re
from collections.abc import Collection
from urllib.parse import quote, unquote, urljoin

from app.kit.uri import find_address_problem, is_visible

# The attributes of the allow-list that contain a URL; `srcset` contains several.
URL_ATTRIBUTES = frozenset({"cite", "href", "poster", "src"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# The schemes that a body may use. The sanitiser does not check those of `cite`.
SCHEMES = {"http", "https", "mailto", "tel"}
_WEB = ("http:", "https:")
# A URL with more invisible characters is not a copying mistake; each becomes nine characters.
_MOST_INVISIBLE = 10
# Browsers remove these from a URL before they parse it (URL standard, section 4.4).
_DROPPED = str.maketrans("", "", "\t\n\r")
# A quick check of all attributes: a URL without a scheme is relative.
_MAYBE_RELATIVE = re.compile(
    rf' (?:{"|".join(sorted(URL_ATTRIBUTES))})="(?![A-Za-z][A-Za-z0-9+.-]*:)'
)
_SRCSET = re.compile(r' srcset="([^"]*)"')
# Stored markup has its attributes in double quotes. A value may contain "<", ">" and what looks
# like another attribute, so tags and attributes are parsed in order.
_TAG = re.compile(r'<[A-Za-z][^<>"]*(?:"[^"]*"[^<>"]*)+>')
_ATTRIBUTE = re.compile(r' ([^\s"=<>/]+)="([^"]*)"')
# A `srcset` (HTML, section 4.8.4.2.1): URLs, each up to a space, with descriptors. Publishers use
# about ten.
_MOST_CANDIDATES = 30
_CANDIDATE = re.compile(r"[\s,]*+(\S++)")
_DESCRIPTORS = re.compile(r"[^,(]*+(?:\([^)]*+\)?+[^,(]*+)*+")
_DESCRIPTOR = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?[wx](?:\s+[0-9]{1,6}h)?")
# The separator in stored `srcset`s, which no URL contains.
_BETWEEN = ", "
# The prefix of ids that scripts of a page could otherwise mistake for their own.
OWN_ID_PREFIX = "story-"


def clean_url(address: str) -> str | None:
    """Return the URL of a body in the form to store, or `None` if it is not allowed.

    Spaces and a few invisible characters, which come from copying, are percent-encoded, as
    browsers do. A relative URL stays relative.
    """
    address = address.strip(" \t\n\r\f").translate(_DROPPED).replace(" ", "%20")
    if not is_visible(address):
        invisible = {character for character in set(address) if not is_visible(character)}
        if sum(map(address.count, invisible)) > _MOST_INVISIBLE:
            return None
        for character in invisible:
            address = address.replace(character, quote(character))
    scheme = _SCHEME.match(address)
    if scheme is not None:
        is_web = address.lower().startswith(_WEB)
        is_sound = scheme[1].lower() in SCHEMES and not (is_web and find_address_problem(address))
        return address if is_sound else None
    named = address.replace("\\", "/")
    if named.startswith("//"):
        return None if find_address_problem(f"https:{named}") else address
    return address


def clean_media_url(address: str) -> str | None:
    """Return the URL of a resource that a browser loads, or `None` if it is not allowed."""
    kept = clean_url(address)
    if not kept or kept.startswith("#"):
        return None
    return kept if kept.lower().startswith(_WEB) or not _SCHEME.match(kept) else None


def parse_srcset(srcset: str) -> list[tuple[str, str]]:
    """Parse a `srcset` into allowed URLs, each with its descriptor or an empty string."""
    kept: list[tuple[str, str]] = []
    end = 0
    for _ in range(_MOST_CANDIDATES):
        found = _CANDIDATE.match(srcset, end)
        if found is None:
            break
        written, descriptor, end = found[1], "", found.end()
        if not written.endswith(","):
            described = _DESCRIPTORS.match(srcset, end)
            assert described is not None
            descriptor, end = described[0].strip(), described.end()
        address = clean_media_url(written.rstrip(","))
        if address and (not descriptor or _DESCRIPTOR.fullmatch(descriptor)):
            kept.append((address, descriptor))
    return kept


def clean_srcset(srcset: str) -> str:
    """Return a `srcset` with its allowed URLs, in the form to store."""
    return _BETWEEN.join(
        f"{address} {descriptor}" if descriptor else address
        for address, descriptor in parse_srcset(srcset)
    )


def resolve_url(address: str, base: str) -> str | None:
    """Resolve a URL against a base; return `None` if the result is not allowed."""
    try:
        return clean_url(urljoin(base, address))
    except ValueError:
        return None


def count_relative_urls(markup: str) -> int:
    """Return the maximum number of URLs in sanitised HTML that a base may change.

    An id counts, too: a link to it may be written as the URL of the whole story.
    """
    count = len(_MAYBE_RELATIVE.findall(markup)) + markup.count(' id="')
    if ' srcset="' in markup:
        count += sum(1 + found[1].count(_BETWEEN) for found in _SRCSET.finditer(markup))
    return count


def resolve_relative_urls(markup: str, base: str, own: Collection[str] = ()) -> str:
    """Resolve every relative URL in sanitised HTML.

    An attribute whose URL cannot be resolved is removed. A link to an id in `own`, the ids of the
    story, stays a link within the story.
    """
    if not own and ' srcset="' not in markup and _MAYBE_RELATIVE.search(markup) is None:
        return markup
    return _TAG.sub(
        lambda tag: _ATTRIBUTE.sub(
            lambda attribute: _resolve_attribute(attribute, base, own), tag[0]
        ),
        markup,
    )


def _resolve_attribute(found: re.Match[str], base: str, own: Collection[str]) -> str:
    name, value = found.groups()
    if name == "srcset":
        address = _resolve_srcset(html.unescape(value), base)
    elif name not in URL_ATTRIBUTES:
        return found[0]
    else:
        address = html.unescape(value)
        if name == "href" and (fragment := _find_own_fragment(address, base, own)):
            return f' href="#{html.escape(fragment)}"'
        if _SCHEME.match(value):
            return found[0]
        address = resolve_url(address, base) or ""
        if name == "href" and (fragment := _find_own_fragment(address, base, own)):
            return f' href="#{html.escape(fragment)}"'
    # The same escaping as the sanitiser's.
    written = html.escape(address).replace("&#x27;", "'")
    return f' {name}="{written}"' if address else ""


def _resolve_srcset(srcset: str, base: str) -> str:
    kept: list[str] = []
    for candidate in srcset.split(_BETWEEN):
        address, space, descriptor = candidate.partition(" ")
        whole = address if _SCHEME.match(address) else resolve_url(address, base)
        if whole is not None:
            kept.append(f"{whole}{space}{descriptor}")
    return _BETWEEN.join(kept)


def _find_own_fragment(address: str, base: str, own: Collection[str]) -> str | None:
    """Return the fragment of a link to an id of the story, or `None` for other links."""
    page, _, fragment = address.partition("#")
    if not fragment or (page and page != base.partition("#")[0]):
        return None
    name = unquote(fragment)
    if name in own:
        return fragment
    return f"{OWN_ID_PREFIX}{fragment}" if f"{OWN_ID_PREFIX}{name}" in own else None
