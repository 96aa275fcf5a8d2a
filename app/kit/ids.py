"""Identifiers: UUIDv7 (RFC 9562), and the form in which they and slugs are looked up.

The ids sort by the time at which they were made.
"""

import re
import unicodedata

import uuid_utils

from app.kit.text import FORMAT, SELECTORS

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
# No slug has any of them.
NEVER_IN_SLUGS = re.compile(f"[{SELECTORS}{FORMAT}]")


def new_id() -> str:
    """Return a new UUIDv7 in its canonical form of 36 lower-case characters."""
    return str(uuid_utils.uuid7())


def is_id(text: str) -> bool:
    """Tell whether a text has the form of a UUID."""
    return _UUID.fullmatch(text) is not None


def normalize_ref(ref: str) -> str:
    """Return an id or slug in the form in which it is kept.

    What nobody sees and no slug has, such as joiners, is left out: it comes with copied titles.
    What no database could keep, a path may hold all the same; it is made to match nothing.
    """
    if not ref.isascii():
        ref = NEVER_IN_SLUGS.sub("", ref)
    ref = ref.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return ref.lower() if is_id(ref) else normalize_slug(ref)


def normalize_slug(slug: str) -> str:
    """Return the form in which slugs are kept and looked up: NFC, lower case."""
    return unicodedata.normalize("NFC", slug.lower())
