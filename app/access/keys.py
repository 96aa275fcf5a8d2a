"""API keys: made, recognised, described.

A key is `dl_` and 43 characters for 256 random bits. The first characters are its visible
prefix, by which it is looked up and named in logs; a SHA-256 of the whole is what is stored.
Keys cannot be guessed, so a slow hash would only slow every request (see the ADR on keys).
"""

import hashlib
import hmac
import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.access import store
from app.access.caller import Caller
from app.access.errors import KeyRefused
from app.access.scopes import highest_scope
from app.access.store import KeyRow, KeyState
from app.kit.clock import format_instant
from app.kit.errors import DatabaseBusy, DatabaseReadOnly
from app.kit.sql.database import Database

_MARK = "dl_"
PREFIX_LENGTH = 11
# Seconds that a reader may be kept waiting for the note of a key's use.
_PATIENCE = 0.05
USE_IS_NOTED_EVERY = timedelta(minutes=1)


def make_key() -> str:
    """Return a new random key."""
    return _MARK + secrets.token_urlsafe(32)


def digest_of(key: str) -> bytes:
    """Return what is stored of a key."""
    return hashlib.sha256(key.encode()).digest()


def authenticate(database: Database, key: str, now: datetime) -> Caller:
    """Return the caller behind a key, or refuse it; write down that it was used, now and then."""
    caller = recognise(database, key, now)
    if is_to_be_noted(caller, now):
        assert caller.key_id is not None
        _note_use(database, caller.key_id, now)
        return replace(caller, noted_at=now)
    return caller


def is_to_be_noted(caller: Caller, now: datetime) -> bool:
    """Tell whether a use of a caller's key is to be written down again."""
    return caller.noted_at is None or now - caller.noted_at >= USE_IS_NOTED_EVERY


def recognise(database: Database, key: str, now: datetime) -> Caller:
    """Return the caller behind a key, or refuse one that is unknown, expired or revoked."""
    rows = database.fetch(store.KEY_BY_PREFIX, {"prefix": key[:PREFIX_LENGTH]})
    row = rows[0] if rows else None
    stored = row.digest if row else bytes(32)
    if not hmac.compare_digest(stored, digest_of(key)) or row is None:
        raise KeyRefused("This key is not known here.")
    refuse_if_over(KeyState(row.prefix, row.revoked_at, row.expires_at), now)
    return Caller(
        key_id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(row.scopes),
        scope=highest_scope(row.scopes),
        expires_at=row.expires_at,
        noted_at=row.last_used_at,
        embargoed=row.embargoed,
    )


def refuse_if_over(state: KeyState | None, now: datetime) -> None:
    """Refuse a key that is not there any more, was revoked or has expired."""
    if state is None:
        raise KeyRefused("This key is not known here.")
    if state.revoked_at is not None:
        raise KeyRefused(f"The key {state.prefix}… was revoked.")
    if state.expires_at is not None and state.expires_at <= now:
        raise KeyRefused(f"The key {state.prefix}… expired at {format_instant(state.expires_at)}.")


def revoked_ids(database: Database) -> frozenset[str]:
    """Return the ids of all keys that were revoked."""
    with database.read() as session:
        return store.revoked_keys(session)


def _note_use(database: Database, key_id: str, now: datetime) -> None:
    try:
        with database.write(lock_timeout=_PATIENCE) as session:
            store.touch_key(session, key_id, now)
    except (DatabaseBusy, DatabaseReadOnly):
        # Reading must work while nothing can be written; the next request notes it.
        return


def describe(row: KeyRow) -> dict[str, Any]:
    """Return a key as administrators see it: everything but the key."""
    instants = ("created_at", "expires_at", "revoked_at", "last_used_at")
    names = ("id", "name", "prefix", "scopes", "embargoed")
    described = {name: getattr(row, name) for name in names}
    for name in instants:
        value = getattr(row, name)
        described[name] = None if value is None else format_instant(value)
    return described
