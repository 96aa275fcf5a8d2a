"""An answer to a reader as a value: what a public resource returns, and what the cache stores.

With it come the headers that answers of every kind have: the links within a head of 4 kB, the
surrogate keys, and the validators of conditional requests (RFC 9110, section 13).
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

JSON = "application/json"
Headers = list[tuple[bytes, bytes]]
_Fields = Sequence[tuple[bytes, bytes]]
# Bytes of a head. The reserve is for the status line and the headers that are the same for all
# answers of a kind: dates, lifetimes, tags, CORS.
_RESERVED = 800
_MOST_WITH_ALTERNATES = 2_000
_MOST_BYTES = 4_000
_LEAST_NEEDED_FIRST = ("self", "prev", "next")
_COMMA = ", "
ENTITY_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
STRONG_TAG = re.compile(r'(?<!W/)("[\x21\x23-\x7e\x80-\xff]*")')
_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


class Facts(NamedTuple):
    """What an answer shows, how new it is, and how long and for whom it holds.

    `serial` is its position in the log. `keys` are the surrogate keys of what it shows;
    `changed_at` is when it last could have changed; `until` is when time alone changes it, where
    that is no boundary of the archive. An answer that is not `kept` is sent once and not stored;
    `varies` says that `Accept` decides its format. `narrow` are its cache dependencies, where
    `keys` are wider than this process needs. An answer that is not `shared` may be stored by no
    shared cache, not even for seconds.
    """

    serial: int
    keys: tuple[str, ...]
    changed_at: datetime | None
    until: datetime | None = None
    kept: bool = True
    varies: bool = False
    narrow: tuple[str, ...] = ()
    shared: bool = True

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Return the keys by which it is found when it is outdated."""
        return self.narrow or self.keys


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer: its status, every header that is the same for all readers, its body."""

    status: int
    headers: Headers
    body: bytes
    facts: Facts


def shown_headers(keys: Sequence[str], serial: int) -> Headers:
    """Return the headers that tell caches what an answer shows, and its position in the log."""
    shown = (*keys, EVERYTHING)
    return [
        (b"surrogate-key", " ".join(shown).encode()),
        (b"cache-tag", ",".join(shown).encode()),
        (b"dateline-serial", b"%d" % serial),
    ]


def link_header(links: Mapping[str, str], alternates: Mapping[str, str], others: _Fields) -> str:
    """Return the value of `Link`: links by their relation, and the same in other formats by type.

    Proxies take a head of 4 kB or less, and every link may repeat a long query. So alternates are
    named only while the whole head has at most 2 kB, and of the links first `self`, then `prev`,
    then `next` is left out until it has less than 4 kB: bodies of lists have the cursors. `others`
    are the other headers that depend on the answer.
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
    """Tell whether a head with these other headers has less than 4 kB with one more address."""
    return _RESERVED + _size(others) + len(address) <= _MOST_BYTES


def _size(headers: _Fields) -> int:
    return sum(map(len, chain(*headers))) + len(": \r\n") * len(headers)


def entity_tag(body: bytes) -> str:
    """Return a strong tag: a hash of the bytes, by what processors have an instruction for."""
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


@lru_cache(maxsize=1_000)
def http_date(moment: datetime) -> str:
    """Return an instant in the form of HTTP headers, cut to seconds."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def not_modified(
    if_none_match: str | None, if_modified_since: str | None, tag: str, modified: datetime | None
) -> bool:
    """Tell whether the reader has this answer already.

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
    """Tell whether an answer is still the one that the reader speaks of.

    `If-Match` compares strongly and makes `If-Unmodified-Since` ignored (section 13.1.4), and
    so does a date that is none, or of which nothing is known.
    """
    if if_match is not None:
        return if_match.strip() == "*" or tag in STRONG_TAG.findall(if_match)
    since = _instant(if_unmodified_since)
    return since is None or modified is None or modified.replace(microsecond=0) <= since


def _instant(date: str | None) -> datetime | None:
    """Return what a date in any of the three forms of HTTP means (section 5.6.7)."""
    if date is None:
        return None
    for form in _DATES:
        try:
            return datetime.strptime(date.strip(), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None
