"""Identifiers: UUIDv7 (RFC 9562), which sort by creation time, and normalized slugs."""

import re
import unicodedata

import uuid_utils

from app.kit.text import FORMAT, SELECTORS

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
# Characters that no slug contains.
NEVER_IN_SLUGS = re.compile(f"[{SELECTORS}{FORMAT}]")


def new_id() -> str:
    """Return a new UUIDv7 in its canonical form of 36 lower-case characters."""
    return str(uuid_utils.uuid7())


def is_id(text: str) -> bool:
    """Tell whether a text has the form of a UUID."""
    return _UUID.fullmatch(text) is not None


def normalize_ref(ref: str) -> str:
    """Return an id or slug in the form in which it is stored.

    Invisible characters such as joiners are removed: they come with copied titles. Characters
    that a path may contain but no database can store are replaced, so that nothing matches.
    """
    if not ref.isascii():
        ref = NEVER_IN_SLUGS.sub("", ref)
    ref = ref.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return ref.lower() if is_id(ref) else normalize_slug(ref)


def normalize_slug(slug: str) -> str:
    """Return a slug as it is stored and looked up: NFC, lower case."""
    return unicodedata.normalize("NFC", slug.lower())
