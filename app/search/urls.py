"""Normalize URLs of stories, so that equivalent ones are equal."""

import re
from urllib.parse import unquote, urlsplit

_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
# Most URLs are a host and a path.
_SIMPLE_URL = re.compile(
    r"[a-z][a-z0-9+.-]*://([a-z0-9.-]+)((?:/[\w/.%~-]*)?)", re.IGNORECASE | re.ASCII
)
_DEFAULT_PORTS = (None, 80, 443)
# Tracking parameters.
_TRACKING_PARAMETER = re.compile(r"(?:utm_\w*|fbclid|gclid)(?:=|$)", re.IGNORECASE)


def normalize_url(url: str) -> str:
    """Return a URL without its insignificant parts.

    These are the scheme, the case of the host, `www.`, the port of HTTP, a trailing slash, and
    tracking parameters.
    """
    url = url.strip()
    plain = _SIMPLE_URL.fullmatch(url)
    if plain is not None:
        return f"{plain[1].lower().removeprefix('www.')}{plain[2].rstrip('/')}"
    try:
        parts = urlsplit(url if _SCHEME.match(url) else f"//{url}")
        host = (parts.hostname or "").removeprefix("www.")
        port = "" if parts.port in _DEFAULT_PORTS else f":{parts.port}"
    except ValueError:
        return url
    kept = "&".join(
        parameter
        for parameter in parts.query.split("&")
        if not _TRACKING_PARAMETER.match(parameter)
    )
    query = f"?{kept}" if kept else ""
    return f"{host}{port}{parts.path.rstrip('/')}{query}"


def last_path_segment(url: str) -> str:
    """Return the last segment of a URL's path: the slug, if the URL ends in one."""
    try:
        path = urlsplit(url).path
    except ValueError:
        path = url
    return unquote(path.rstrip("/").rpartition("/")[2])
