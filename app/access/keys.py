"""API keys: generation, verification, and their representation.

A key is `dl_` and 43 characters for 256 random bits. Its first characters are the visible prefix,
which is used for lookups and in logs. Only a SHA-256 of the key is stored. Keys cannot be guessed,
so a slow hash would only make every request slower (see the ADR on keys).

The hash of a partner's key is made of the key and the partner's id. An older release, which
does not support partners, compares it with the hash of the key alone, and so refuses the key.
Otherwise such a key could read everything. In the same way, a release that does not support
networks and origins of keys refuses the keys that have them.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from app.access import store
from app.access.caller import Caller
from app.access.entitlement import EMBARGOED, NOTHING, PUBLIC, TimedEntitlement
from app.access.errors import KeyRefused
from app.access.key_binding import read_binding
from app.access.scopes import Scope, highest_scope
from app.access.store import KeyEnd, KeyRow, KeyState
from app.kit.clock import format_instant
from app.kit.sql.database import Database

_KEY_START = "dl_"
PREFIX_LENGTH = 11
_PREFIX = re.compile(rf"{_KEY_START}[\w-]{{{PREFIX_LENGTH - len(_KEY_START)}}}", re.ASCII)
# How often a use of a key is noted.
USE_INTERVAL = timedelta(minutes=1)
# Returns the entitlement of the partner with an id, at an instant.
ResolvePartner = Callable[[str, datetime], TimedEntitlement]


def grant_nothing(partner_id: str, now: datetime) -> TimedEntitlement:
    """Return an entitlement to nothing, for programs that do not load partners."""
    return TimedEntitlement(NOTHING)


def generate_key() -> str:
    """Return a new random key."""
    return _KEY_START + secrets.token_urlsafe(32)


def shorten_key(ref: str) -> str:
    """Return the prefix of a whole key, also if more was copied with it, or the reference."""
    found = _PREFIX.search(ref)
    return found[0] if found else ref.strip()


def hash_key(key: str, partner_id: str | None = None, *, is_bound: bool = False) -> bytes:
    """Return the hash of a key, which is stored."""
    bound = "bound " if is_bound else ""
    owner = "" if partner_id is None else f"{partner_id} "
    return hashlib.sha256(f"{bound}{owner}{key}".encode()).digest()


def verify_key(
    database: Database, key: str, now: datetime, resolve: ResolvePartner = grant_nothing
) -> Caller:
    """Return the caller of a key; refuse an unknown, expired or revoked one.

    `resolve` returns the entitlement of a partner.
    """
    rows = database.fetch(store.KEY_BY_PREFIX, {"prefix": key[:PREFIX_LENGTH]})
    row = rows[0] if rows else None
    stored = row.digest if row else bytes(32)
    is_bound = row is not None and bool(row.networks or row.origins)
    hashed = hash_key(key, row.partner_id if row else None, is_bound=is_bound)
    if not hmac.compare_digest(stored, hashed) or row is None:
        raise KeyRefused("This key is not known here.")
    refuse_invalid(KeyState(row.prefix, row.revoked_at, row.expires_at), now)
    return build_caller(row, now, resolve)


def build_caller(row: KeyRow, now: datetime, resolve: ResolvePartner) -> Caller:
    """Return the caller of a valid key."""
    scope = highest_scope(row.scopes)
    granted = TimedEntitlement(EMBARGOED if row.embargoed else PUBLIC)
    if row.partner_id is not None:
        scope = None if scope is None else Scope.read
        granted = resolve(row.partner_id, now)
    return Caller(
        key_id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=tuple(row.scopes),
        scope=scope,
        expires_at=row.expires_at,
        use_noted_at=row.last_used_at,
        binding=read_binding(row.networks, row.origins) if row.networks or row.origins else None,
        entitlement=granted.entitlement,
        entitled_until=granted.until,
        partner_id=row.partner_id,
        limits=granted.limits,
    )


def refuse_invalid(state: KeyState | None, now: datetime) -> None:
    """Refuse a key that does not exist, was revoked or has expired."""
    if state is None:
        raise KeyRefused("This key is not known here.")
    if state.revoked_at is not None:
        raise KeyRefused(f"The key {state.prefix}… was revoked.")
    if state.expires_at is not None and state.expires_at <= now:
        raise KeyRefused(f"The key {state.prefix}… expired at {format_instant(state.expires_at)}.")


def is_use_due(caller: Caller, now: datetime) -> bool:
    """Tell whether a use of a caller's key should be noted again."""
    return caller.use_noted_at is None or now - caller.use_noted_at >= USE_INTERVAL


def is_over(key: KeyRow | KeyEnd, now: datetime) -> bool:
    """Tell whether a key was revoked or has expired."""
    return key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now)


def load_key_ends(database: Database, ids: Collection[str]) -> dict[str, KeyEnd]:
    """Return when some keys end, by id."""
    return {row.id: row for row in database.fetch(store.KEY_ENDS, {"values": ids})}


def choose_default_end(
    scopes: Collection[str], partner_id: str | None, now: datetime, days: int
) -> datetime | None:
    """Return when a new key expires by default: after a number of days, or never.

    Keys with a scope above `read` are those of the newsroom, where people leave. The agreement of a
    partner has an end of its own, and a key that only reads is often built into a program.
    """
    scope = highest_scope(list(scopes))
    is_personal = partner_id is None and scope is not None and scope > Scope.read
    return now + timedelta(days=days) if is_personal and days else None


def describe(row: KeyRow) -> dict[str, Any]:
    """Return the view of a key for administrators, without the key itself."""
    instants = ("created_at", "expires_at", "revoked_at", "last_used_at")
    names = ("id", "name", "prefix", "scopes", "embargoed", "last_used_from", "rotated_from")
    described = {name: getattr(row, name) for name in names}
    for name in instants:
        value = getattr(row, name)
        described[name] = None if value is None else format_instant(value)
    bound = {"networks": row.networks or [], "origins": row.origins or []}
    return {**described, "partner": row.partner_id, **bound}
