"""API keys: generation, verification, and their representation.

A key is `dl_` and 43 characters for 256 random bits. Its first characters are the visible prefix,
which is used for lookups and in logs. Only a SHA-256 of the key is stored. Keys cannot be guessed,
so a slow hash would only make every request slower (see the ADR on keys).

The hash of a partner's key is made of the key and the partner's id. Code that knows no partners
compares it with the hash of the key alone, and refuses the key. Otherwise it would read everything.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.access import store
from app.access.caller import Caller
from app.access.entitlement import EMBARGOED, NOTHING, PUBLIC, TimedEntitlement
from app.access.errors import KeyRefused
from app.access.scopes import Scope, highest_scope
from app.access.store import KeyRow, KeyState
from app.kit.clock import format_instant
from app.kit.errors import DatabaseBusy, DatabaseReadOnly
from app.kit.sql.database import Database

_KEY_START = "dl_"
PREFIX_LENGTH = 11
# Seconds that a read request may wait for the lock to record the use of its key.
_LOCK_TIMEOUT = 0.05
USE_RECORD_INTERVAL = timedelta(minutes=1)
# Returns the entitlement of the partner with an id, at an instant.
ResolvePartner = Callable[[str, datetime], TimedEntitlement]


def grant_nothing(partner_id: str, now: datetime) -> TimedEntitlement:
    """Return the entitlement of a partner where partners are not known."""
    return TimedEntitlement(NOTHING)


def generate_key() -> str:
    """Return a new random key."""
    return _KEY_START + secrets.token_urlsafe(32)


def hash_key(key: str, partner_id: str | None = None) -> bytes:
    """Return the hash of a key, which is stored."""
    owner = "" if partner_id is None else f"{partner_id} "
    return hashlib.sha256(f"{owner}{key}".encode()).digest()


def authenticate(
    database: Database, key: str, now: datetime, resolve: ResolvePartner = grant_nothing
) -> Caller:
    """Verify a key and return its caller; record its use at intervals."""
    caller = verify_key(database, key, now, resolve)
    if is_use_record_due(caller, now):
        assert caller.key_id is not None
        _record_use(database, caller.key_id, now)
        return replace(caller, use_recorded_at=now)
    return caller


def is_use_record_due(caller: Caller, now: datetime) -> bool:
    """Tell whether the use of a caller's key should be recorded again."""
    return caller.use_recorded_at is None or now - caller.use_recorded_at >= USE_RECORD_INTERVAL


def verify_key(
    database: Database, key: str, now: datetime, resolve: ResolvePartner = grant_nothing
) -> Caller:
    """Return the caller of a key; refuse an unknown, expired or revoked one.

    `resolve` returns the entitlement of a partner.
    """
    rows = database.fetch(store.KEY_BY_PREFIX, {"prefix": key[:PREFIX_LENGTH]})
    row = rows[0] if rows else None
    stored = row.digest if row else bytes(32)
    hashed = hash_key(key, row.partner_id if row else None)
    if not hmac.compare_digest(stored, hashed) or row is None:
        raise KeyRefused("This key is not known here.")
    refuse_invalid(KeyState(row.prefix, row.revoked_at, row.expires_at), now)
    return build_caller(row, now, resolve)


def build_caller(row: KeyRow, now: datetime, resolve: ResolvePartner) -> Caller:
    """Return the caller of a valid key."""
    scope = highest_scope(row.scopes)
    entitlement, until = TimedEntitlement(EMBARGOED if row.embargoed else PUBLIC)
    if row.partner_id is not None:
        scope = None if scope is None else Scope.read
        entitlement, until = resolve(row.partner_id, now)
    return Caller(
        key_id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(row.scopes),
        scope=scope,
        expires_at=row.expires_at,
        use_recorded_at=row.last_used_at,
        entitlement=entitlement,
        entitled_until=until,
        partner_id=row.partner_id,
    )


def refuse_invalid(state: KeyState | None, now: datetime) -> None:
    """Refuse a key that does not exist, was revoked or has expired."""
    if state is None:
        raise KeyRefused("This key is not known here.")
    if state.revoked_at is not None:
        raise KeyRefused(f"The key {state.prefix}… was revoked.")
    if state.expires_at is not None and state.expires_at <= now:
        raise KeyRefused(f"The key {state.prefix}… expired at {format_instant(state.expires_at)}.")


def load_revoked_ids(database: Database) -> frozenset[str]:
    """Return the ids of all keys that were revoked."""
    with database.read() as session:
        return store.load_revoked_key_ids(session)


def _record_use(database: Database, key_id: str, now: datetime) -> None:
    try:
        with database.write(lock_timeout=_LOCK_TIMEOUT) as session:
            store.record_key_use(session, key_id, now)
    except (DatabaseBusy, DatabaseReadOnly):
        # Reads must work without writes; the next request records the use.
        return


def describe(row: KeyRow) -> dict[str, Any]:
    """Return the view of a key for administrators, without the key itself."""
    instants = ("created_at", "expires_at", "revoked_at", "last_used_at")
    names = ("id", "name", "prefix", "scopes", "embargoed")
    described = {name: getattr(row, name) for name in names}
    for name in instants:
        value = getattr(row, name)
        described[name] = None if value is None else format_instant(value)
    return {**described, "partner": row.partner_id}
