"""`Accept-Language`, folded into the query of the few lists that go by it.

So there is one entry for all who prefer the same languages in the same order, a page's links say
which they were, and no other request is looked at.
"""

import re
from urllib.parse import quote

from app.api.http.parameters import MOST_PREFERRED

_MARK = b"one_per_story=true"
# Who says either has said what is preferred.
_SAID = (b"language=", b"prefer=")
_TAG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_WEIGHT = re.compile(r"q=([01](\.\d{0,3})?)")


def goes_by_header(query: bytes) -> bool:
    """Tell whether a canonical query leaves it to `Accept-Language` what is preferred."""
    if _MARK not in query:
        return False
    parts = query.split(b"&")
    return _MARK in parts and not any(one.startswith(_SAID) for one in parts)


def with_preferences(query: bytes, header: bytes | None) -> bytes:
    """Return a canonical query with the languages that a header prefers."""
    languages = preferred(header.decode("latin-1")) if header else []
    if not languages:
        return query
    parts = [*query.split(b"&"), f"prefer={quote(','.join(languages), safe='')}".encode()]
    return b"&".join(sorted(parts))


def preferred(header: str) -> list[str]:
    """Return the languages of a header (RFC 9110, section 12.5.4), the most wanted first."""
    weighed: dict[str, float] = {}
    for part in header.split(","):
        tag, _, more = part.strip().partition(";")
        said = _WEIGHT.fullmatch(more.strip()) if more else None
        weight = float(said.group(1)) if said else 0.0 if more else 1.0
        if weight > 0 and _TAG.fullmatch(tag.strip()):
            weighed.setdefault(tag.strip().lower(), weight)
    ordered = sorted(weighed, key=lambda tag: -weighed[tag])
    return ordered[:MOST_PREFERRED]
