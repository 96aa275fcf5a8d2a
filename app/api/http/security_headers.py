"""Headers that keep browsers from doing with an answer what it is not meant for."""

import base64
import hashlib
import re
from collections.abc import Iterable

from app.api.http.answer import Headers

# On every answer: a type is what it is said to be, whatever its bytes look like.
NOSNIFF = (b"x-content-type-options", b"nosniff")
SAFE = {"x-content-type-options": "nosniff"}
# On every page, unless it names another policy: text, from nowhere else, in nobody's frame.
STRICT_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_REFERRER = (b"referrer-policy", b"no-referrer")
_PAGE = b"text/html"
_POLICY = b"content-security-policy"


def safety_headers(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return the headers to add to those of an answer."""
    is_page = has_policy = False
    for name, value in headers:
        lowered = name.lower()
        if lowered == b"content-type":
            is_page = value.lower().startswith(_PAGE)
        elif lowered == _POLICY:
            has_policy = True
    if not is_page:
        return [NOSNIFF]
    missing: Headers = [NOSNIFF, _REFERRER]
    if not has_policy:
        missing.append((_POLICY, STRICT_POLICY.encode()))
    return missing


def reference_policy(page: bytes) -> str:
    """Return the policy of the API reference: files of this server, and the page's own scripts.

    Its icons are `data:` images. What its scripts do to the styles of elements needs no permission.
    """
    hashes = (hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(page))
    scripts = " ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in hashes)
    return (
        f"{STRICT_POLICY}; script-src 'self' {scripts}; style-src 'self'; "
        "img-src 'self' data:; connect-src 'self'"
    )
