"""Conditional requests (RFC 9110, section 13): tags and dates."""

import hashlib
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

ENTITY_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
STRONG_TAG = re.compile(r'(?<!W/)("[\x21\x23-\x7e\x80-\xff]*")')
_DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


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
