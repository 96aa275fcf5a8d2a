"""Identifiers: UUIDv7 (RFC 9562), which sort by the time at which they were made."""

import re

import uuid_utils

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def new_id() -> str:
    """Return a new UUIDv7 in its canonical form of 36 lower-case characters."""
    return str(uuid_utils.uuid7())


def is_id(text: str) -> bool:
    """Tell whether a text has the form of a UUID."""
    return _UUID.fullmatch(text) is not None
