"""Headers of answers to a key, a feed token or a session.

No shared cache may store them, whatever their status, and they say what is left of the limits.
"""

from app.access.limits.rate_limits import Admission
from app.api.http.answer import Headers
from app.api.http.rate_limit_headers import find_fields

PRIVATE = (b"cache-control", b"private, max-age=0, must-revalidate")
# The starts of values that keep an answer out of shared caches.
_UNSHARED = (b"private", b"no-store")
_RATE_LIMIT = b"ratelimit"


def add_private_headers(headers: Headers, admission: Admission | None) -> Headers:
    """Return headers with a private `Cache-Control`, and with those about the limits."""
    kept: Headers = []
    names: set[bytes] = set()
    for name, value in headers:
        lower = name.lower()
        if lower != PRIVATE[0] or value.startswith(_UNSHARED):
            kept.append((name, value))
            names.add(lower)
    if PRIVATE[0] not in names:
        kept.append(PRIVATE)
    # A problem about a limit has those of this limit.
    if admission is not None and _RATE_LIMIT not in names:
        kept += find_fields(admission).headers
    return kept
