"""Addresses of stories, in the form in which two that mean the same are equal."""

import re
from urllib.parse import unquote, urlsplit

_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
# Most addresses: a host and a path alone.
_PLAIN = re.compile(
    r"[a-z][a-z0-9+.-]*://([a-z0-9.-]+)((?:/[\w/.%~-]*)?)", re.IGNORECASE | re.ASCII
)
# What is added to addresses to tell by which way a reader came.
_OF_THE_WAY = re.compile(r"(?:utm_\w*|fbclid|gclid)(?:=|$)", re.IGNORECASE)


def normal_address(url: str) -> str:
    """Return an address without what varies.

    That is scheme, case of the host, `www.`, a last slash, and what tells the way of a reader.
    """
    url = url.strip()
    plain = _PLAIN.fullmatch(url)
    if plain is not None:
        return f"{plain[1].lower().removeprefix('www.')}{plain[2].rstrip('/')}"
    try:
        parts = urlsplit(url if _SCHEME.match(url) else f"//{url}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return url
    told = "&".join(one for one in parts.query.split("&") if not _OF_THE_WAY.match(one))
    query = f"?{told}" if told else ""
    return f"{host}{parts.path.rstrip('/')}{query}"


def last_name(url: str) -> str:
    """Return the last part of an address's path: the slug, in addresses that end in one."""
    try:
        path = urlsplit(url).path
    except ValueError:
        path = url
    return unquote(path.rstrip("/").rpartition("/")[2])
