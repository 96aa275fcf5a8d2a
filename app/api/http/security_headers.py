"""Security headers: no MIME sniffing, and for HTML a content security policy and no referrer."""

import base64
import hashlib
import re
from collections.abc import Iterable

from app.api.http.answer import Headers

# On every answer: browsers must not guess another content type.
NOSNIFF = (b"x-content-type-options", b"nosniff")
SAFE = {"x-content-type-options": "nosniff"}
# On HTML without a policy: no scripts, styles or images, and no embedding in frames.
STRICT_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
_REFERRER = (b"referrer-policy", b"no-referrer")
_PAGE = b"text/html"
_POLICY = b"content-security-policy"


def build_safety_headers(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Build the security headers that the headers of an answer lack."""
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
    """Return the policy of the API reference: files of this server, and the page's inline scripts.

    Its icons are `data:` images. Scripts may change the styles of elements without a permission.
    """
    hashes = (hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(page))
    scripts = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in hashes)
    return (
        f"{STRICT_POLICY}; script-src 'self' {scripts}; style-src 'self'; "
        "img-src 'self' data:; connect-src 'self'"
    )
