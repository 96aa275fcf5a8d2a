"""Addresses of stories, in the form in which two that mean the same are equal."""

from urllib.parse import unquote, urlsplit


def normal_address(url: str) -> str:
    """Return an address without what varies: scheme, case of the host, `www.`, a last slash."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return url
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{parts.path.rstrip('/')}{query}"


def last_name(url: str) -> str:
    """Return the last part of an address's path: the slug, in addresses that end in one."""
    try:
        path = urlsplit(url).path
    except ValueError:
        path = url
    return unquote(path.rstrip("/").rpartition("/")[2])
