"""Addresses inside a body, for readers that see it far from its page."""

import re
from urllib.parse import urljoin

# What has no scheme is relative; a quick look at any attribute tells whether there may be one.
_NO_SCHEME = r'="(?![A-Za-z][A-Za-z0-9+.-]*:)'
_ANY = re.compile(_NO_SCHEME)
_ADDRESS = re.compile(rf'( (?:href|src|cite|poster)){_NO_SCHEME}([^"]*)"')
# Stored markup has its attributes in double quotes, and a ">" in one does not end the tag.
_TAG = re.compile(r'<[A-Za-z][^<>"]*(?:"[^"]*"[^<>"]*)+>')


def with_absolute_addresses(markup: str, base: str) -> str:
    """Return sanitised HTML with every relative address in it resolved."""
    if _ANY.search(markup) is None or _ADDRESS.search(markup) is None:
        return markup
    return _TAG.sub(lambda tag: _ADDRESS.sub(lambda one: _resolved(one, base), tag[0]), markup)


def _resolved(found: re.Match[str], base: str) -> str:
    name, address = found.groups()
    try:
        return f'{name}="{urljoin(base, address)}"'
    except ValueError:
        return ""
