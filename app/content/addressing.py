"""Addresses in the attributes of a body: checked by the rule for all addresses, and resolved."""

import html
import re
from urllib.parse import quote, urljoin

from app.kit.uri import address_problem, is_visible

# The attributes of the allow-list that carry an address.
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
# Stored markup has its attributes in double quotes. A value may hold "<", ">" and what looks like
# another attribute, so tags and attributes are read from their beginning, one after the other.
_TAG = re.compile(r'<[A-Za-z][^<>"]*(?:"[^"]*"[^<>"]*)+>')
_ATTRIBUTE = re.compile(r' ([^\s"=<>/]+)="([^"]*)"')


def checked(address: str) -> str | None:
    """Return an address of a body as it may be kept, or nothing.

    Spaces and a few invisible characters, which come with addresses that were copied, are
    percent-encoded, as browsers do it. A relative address stays relative.
    """
    address = address.strip(" \t\n\r\f").translate(_DROPPED).replace(" ", "%20")
    invisible = {one for one in set(address) if not is_visible(one)}
    if sum(map(address.count, invisible)) > _MOST_INVISIBLE:
        return None
    for one in invisible:
        address = address.replace(one, quote(one))
    scheme = _SCHEME.match(address)
    if scheme is not None:
        is_web = address.lower().startswith(_WEB)
        is_sound = scheme[1].lower() in SCHEMES and not (is_web and address_problem(address))
        return address if is_sound else None
    named = address.replace("\\", "/")
    if named.startswith("//"):
        return None if address_problem(f"https:{named}") else address
    return address


def resolved(address: str, base: str) -> str | None:
    """Return an address resolved against a base, or nothing where the result is none."""
    try:
        return checked(urljoin(base, address))
    except ValueError:
        return None


def count_relative(markup: str) -> int:
    """Return how many relative addresses sanitised HTML has at the most."""
    return len(_MAYBE_RELATIVE.findall(markup))


def with_base(markup: str, base: str) -> str:
    """Return sanitised HTML with every relative address in it resolved, and escaped.

    An attribute whose address cannot be resolved is left out.
    """
    if _MAYBE_RELATIVE.search(markup) is None:
        return markup
    return _TAG.sub(
        lambda tag: _ATTRIBUTE.sub(lambda one: _written(one, base), tag[0]),
        markup,
    )


def _written(found: re.Match[str], base: str) -> str:
    name, value = found.groups()
    if name not in ADDRESSED or _SCHEME.match(value):
        return found[0]
    address = resolved(html.unescape(value), base)
    return "" if address is None else f' {name}="{html.escape(address)}"'
