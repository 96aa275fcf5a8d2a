"""Addresses in the attributes of a body: checked by the rule for all addresses, and resolved."""

import html
import re
from collections.abc import Collection
from urllib.parse import quote, unquote, urljoin

from app.kit.uri import find_address_problem, is_visible

# The attributes of the allow-list that carry an address; `srcset` carries several.
ADDRESSED = frozenset({"cite", "href", "poster", "src"})
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# The schemes that a body may name; the sanitiser does not look at those of `cite`.
SCHEMES = {"http", "https", "mailto", "tel"}
_WEB = ("http:", "https:")
# More than these are no accident, and each would be nine characters.
_MOST_INVISIBLE = 10
# Browsers drop these from an address before they read it (URL standard, section 4.4).
_DROPPED = str.maketrans("", "", "\t\n\r")
# A quick look at all attributes: what has no scheme is relative.
_MAYBE_RELATIVE = re.compile(rf' (?:{"|".join(sorted(ADDRESSED))})="(?![A-Za-z][A-Za-z0-9+.-]*:)')
_SRCSET = re.compile(r' srcset="([^"]*)"')
# Stored markup has its attributes in double quotes. A value may hold "<", ">" and what looks like
# another attribute, so tags and attributes are read from their beginning, one after the other.
_TAG = re.compile(r'<[A-Za-z][^<>"]*(?:"[^"]*"[^<>"]*)+>')
_ATTRIBUTE = re.compile(r' ([^\s"=<>/]+)="([^"]*)"')
# A `srcset` as publishers write it (HTML, section 4.8.4.2.1): an address, which ends at a space,
# and for which screen it is. They write some ten of them.
_MOST_CANDIDATES = 30
_CANDIDATE = re.compile(r"[\s,]*+(\S++)")
_DESCRIPTORS = re.compile(r"[^,(]*+(?:\([^)]*+\)?+[^,(]*+)*+")
_DESCRIPTOR = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?[wx]")
# As it is stored: this never stands inside an address.
_BETWEEN = ", "
# The prefix of ids that scripts of a page could take for something of their own.
OWN_ID = "story-"


def checked(address: str) -> str | None:
    """Return an address of a body as it may be kept, or nothing.

    Spaces and a few invisible characters, which come with addresses that were copied, are
    percent-encoded, as browsers do it. A relative address stays relative.
    """
    address = address.strip(" \t\n\r\f").translate(_DROPPED).replace(" ", "%20")
    if not is_visible(address):
        invisible = {one for one in set(address) if not is_visible(one)}
        if sum(map(address.count, invisible)) > _MOST_INVISIBLE:
            return None
        for one in invisible:
            address = address.replace(one, quote(one))
    scheme = _SCHEME.match(address)
    if scheme is not None:
        is_web = address.lower().startswith(_WEB)
        is_sound = scheme[1].lower() in SCHEMES and not (is_web and find_address_problem(address))
        return address if is_sound else None
    named = address.replace("\\", "/")
    if named.startswith("//"):
        return None if find_address_problem(f"https:{named}") else address
    return address


def checked_file(address: str) -> str | None:
    """Return the address of something that a browser fetches, or nothing."""
    kept = checked(address)
    if not kept or kept.startswith("#"):
        return None
    return kept if kept.lower().startswith(_WEB) or not _SCHEME.match(kept) else None


def candidates(srcset: str) -> list[tuple[str, str]]:
    """Return the addresses of a `srcset`, checked, each with its descriptor or nothing."""
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
        address = checked_file(written.rstrip(","))
        if address and (not descriptor or _DESCRIPTOR.fullmatch(descriptor)):
            kept.append((address, descriptor))
    return kept


def checked_srcset(srcset: str) -> str:
    """Return a `srcset` with the addresses in it that can be kept, as it is stored."""
    return _BETWEEN.join(
        f"{address} {descriptor}" if descriptor else address
        for address, descriptor in candidates(srcset)
    )


def resolved(address: str, base: str) -> str | None:
    """Return an address resolved against a base, or nothing where the result is none."""
    try:
        return checked(urljoin(base, address))
    except ValueError:
        return None


def count_relative(markup: str) -> int:
    """Return how many addresses of sanitised HTML a base may change, at the most.

    An id counts, too: a link to it may be written as the address of the whole story.
    """
    count = len(_MAYBE_RELATIVE.findall(markup)) + markup.count(' id="')
    if ' srcset="' in markup:
        count += sum(1 + found[1].count(_BETWEEN) for found in _SRCSET.finditer(markup))
    return count


def with_base(markup: str, base: str, own: Collection[str] = ()) -> str:
    """Return sanitised HTML with every relative address in it resolved, and escaped.

    An attribute whose address cannot be resolved is left out. A link to an id of `own`, which the
    story itself has, stays in the story.
    """
    if not own and ' srcset="' not in markup and _MAYBE_RELATIVE.search(markup) is None:
        return markup
    return _TAG.sub(
        lambda tag: _ATTRIBUTE.sub(lambda one: _written(one, base, own), tag[0]),
        markup,
    )


def _written(found: re.Match[str], base: str, own: Collection[str]) -> str:
    name, value = found.groups()
    if name == "srcset":
        address = _resolved_srcset(html.unescape(value), base)
    elif name not in ADDRESSED:
        return found[0]
    else:
        address = html.unescape(value)
        if name == "href" and (fragment := _own_fragment(address, base, own)):
            return f' href="#{html.escape(fragment)}"'
        if _SCHEME.match(value):
            return found[0]
        address = resolved(address, base) or ""
        if name == "href" and (fragment := _own_fragment(address, base, own)):
            return f' href="#{html.escape(fragment)}"'
    # As the sanitiser writes it.
    written = html.escape(address).replace("&#x27;", "'")
    return f' {name}="{written}"' if address else ""


def _resolved_srcset(srcset: str, base: str) -> str:
    kept: list[str] = []
    for candidate in srcset.split(_BETWEEN):
        address, space, descriptor = candidate.partition(" ")
        whole = address if _SCHEME.match(address) else resolved(address, base)
        if whole is not None:
            kept.append(f"{whole}{space}{descriptor}")
    return _BETWEEN.join(kept)


def _own_fragment(address: str, base: str, own: Collection[str]) -> str | None:
    """Return the fragment of a link that leads to an id of the story, or nothing."""
    page, _, fragment = address.partition("#")
    if not fragment or (page and page != base.partition("#")[0]):
        return None
    name = unquote(fragment)
    if name in own:
        return fragment
    return f"{OWN_ID}{fragment}" if f"{OWN_ID}{name}" in own else None
