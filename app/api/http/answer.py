"""The answer of a public resource as a value, which the cache can store, and common headers.

The headers are `Link` (limited, so that the head stays below 4 kB), surrogate keys, and the
validators of conditional requests (RFC 9110, section 13).
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from app.delivery.invalidation import EVERYTHING
from app.partners.sent_story import SentStory

JSON = "application/json"
Headers = list[tuple[bytes, bytes]]
_Fields = Sequence[tuple[bytes, bytes]]
# Sizes of a response head in bytes. The reserve is for the status line and the headers that all
# answers have: dates, lifetimes, tags, CORS.
_RESERVED = 800
_MOST_WITH_ALTERNATES = 2_000
_MOST_BYTES = 4_000
_LEAST_NEEDED_FIRST = ("self", "prev", "next")
_COMMA = ", "
ENTITY_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
STRONG_TAG = re.compile(r'(?<!W/)("[\x21\x23-\x7e\x80-\xff]*")')
_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


class AnswerMetadata(NamedTuple):
    """What caches need to know about an answer.

    `serial`: the log position at which it was read.
    `surrogate_keys`: the keys of its content, sent to CDNs.
    `changed_at`: the latest time at which it can have changed.
    `valid_until`: when it changes without a write, unless the archive's next boundary says so.
    `is_cacheable`: false if this process must not store it.
    `varies_by_format`: whether `Accept` decides its format.
    `cache_dependencies`: the keys that invalidate it in this process, if they are fewer than
    `surrogate_keys`.
    `is_public`: false if a shared cache must not store it, not even for seconds.
    `sent`: the stories that it shows, if its reader is a partner, who gets a receipt.
    """

    serial: int
    surrogate_keys: tuple[str, ...]
    changed_at: datetime | None
    valid_until: datetime | None = None
    is_cacheable: bool = True
    varies_by_format: bool = False
    cache_dependencies: tuple[str, ...] = ()
    is_public: bool = True
    sent: tuple[SentStory, ...] = ()

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Return the keys that invalidate it in this process."""
        return self.cache_dependencies or self.surrogate_keys


@dataclass(frozen=True, slots=True)
class PublicAnswer:
    """A complete answer: the status, the headers that are the same for all clients, the body."""

    status: int
    headers: Headers
    body: bytes
    metadata: AnswerMetadata


def build_surrogate_headers(keys: Sequence[str], serial: int) -> Headers:
    """Return the headers with the surrogate keys and the log position of an answer."""
    shown = (*keys, EVERYTHING)
    return [
        (b"surrogate-key", " ".join(shown).encode()),
        (b"cache-tag", ",".join(shown).encode()),
        (b"dateline-serial", b"%d" % serial),
    ]


def build_link_header(
    links: Mapping[str, str], alternates: Mapping[str, str], others: _Fields
) -> str:
    """Return the value of `Link`: links by relation, and other formats by media type.

    Some proxies refuse a head of more than 4 kB, and each link may repeat a long query. So
    alternates are left out if the head would exceed 2 kB. Then `self`, `prev` and `next` are left
    out in this order until it has at most 4 kB: the body of a list has the cursors, too. `others`
    are the other headers of this answer.
    """
    taken = _RESERVED + _size(others)
    kept = {rel: f'<{url}>; rel="{rel}"' for rel, url in links.items()}
    for rel in _LEAST_NEEDED_FIRST:
        if taken + sum(map(len, kept.values())) + len(_COMMA) * len(kept) <= _MOST_BYTES:
            break
        kept.pop(rel, None)
    pages = whole = _COMMA.join(kept.values())
    for media_type, url in alternates.items():
        whole += f'{_COMMA if whole else ""}<{url}>; rel="alternate"; type="{media_type}"'
    return whole if taken + len(whole) <= _MOST_WITH_ALTERNATES else pages


def fits_in_head(address: str | bytes, others: _Fields) -> bool:
    """Tell whether the head stays within 4 kB if a header with this address is added."""
    return _RESERVED + _size(others) + len(address) <= _MOST_BYTES


def _size(headers: _Fields) -> int:
    return sum(map(len, chain(*headers))) + len(": \r\n") * len(headers)


def entity_tag(body: bytes) -> str:
    """Return a strong tag: a SHA-256 hash of the body, for which processors have instructions."""
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


@lru_cache(maxsize=1_000)
def http_date(moment: datetime) -> str:
    """Format a time for HTTP headers, truncated to seconds."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def not_modified(
    if_none_match: str | None, if_modified_since: str | None, tag: str, modified: datetime | None
) -> bool:
    """Tell whether the client has this answer already, so that 304 is enough.

    `If-None-Match` compares weakly and makes `If-Modified-Since` ignored (section 13.1.3).
    """
    if if_none_match is not None:
        if if_none_match.strip() == "*":
            return True
        return tag.strip('"') in ENTITY_TAG.findall(if_none_match)
    since = _instant(if_modified_since)
    return since is not None and modified is not None and modified.replace(microsecond=0) <= since


def is_unchanged(
    if_match: str | None, if_unmodified_since: str | None, tag: str, modified: datetime | None
) -> bool:
    """Tell whether an answer still fulfils the preconditions of a request.

    `If-Match` compares strongly and makes `If-Unmodified-Since` ignored (section 13.1.4). A date
    that is invalid is ignored, and so is a valid one if the answer has no date.
    """
    if if_match is not None:
        return if_match.strip() == "*" or tag in STRONG_TAG.findall(if_match)
    since = _instant(if_unmodified_since)
    return since is None or modified is None or modified.replace(microsecond=0) <= since


def _instant(date: str | None) -> datetime | None:
    """Parse a date in any of the three HTTP formats (section 5.6.7); None if it is invalid."""
    if date is None:
        return None
    for form in _DATES:
        try:
            return datetime.strptime(date.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
