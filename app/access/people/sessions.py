"""Sessions in browsers: tokens, verification, and how long they last.

The token is 256 random bits in a cookie. Only its SHA-256 is stored, which also
identifies the row. The CSRF token is another hash of the token, so only pages of this server can
read it.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.access import store
from app.access.caller import Caller
from app.access.errors import KeyRefused
from app.access.keys import ResolvePartner, build_caller, is_use_due, refuse_invalid
from app.access.scopes import highest_scope
from app.access.store import HeldSessionRow, KeyState, PersonRow, SessionRow, SessionState
from app.kit.clock import format_instant
from app.kit.errors import DatabaseBusy, DatabaseReadOnly
from app.kit.ids import new_id
from app.kit.sql.database import Database
from app.kit.sql.unit_of_work import UnitOfWork

LIFETIME = timedelta(hours=12)
IDLE_TIME = timedelta(hours=1)
# The row of a session that has ended is kept for this time.
_KEPT = timedelta(days=30)
# Seconds that a request may wait for the lock to record the use of its session.
_LOCK_TIMEOUT = 0.05
_START = "dls_"


@dataclass(frozen=True, slots=True)
class StartedSession:
    """A new session, with its token, which is not stored."""

    id: str
    token: str
    expires_at: datetime


def start_session(
    unit: UnitOfWork,
    *,
    person_id: str | None = None,
    key_id: str | None = None,
    sign_in_digest: bytes | None = None,
    until: datetime | None = None,
) -> StartedSession:
    """Insert a session of a person or a key, which ends at `until` if that is earlier."""
    ends = unit.now + LIFETIME
    started = StartedSession(
        new_id(), _START + secrets.token_urlsafe(32), ends if until is None else min(ends, until)
    )
    store.insert_session(
        unit.session,
        SessionRow(
            id=started.id,
            digest=hash_token(started.token),
            person_id=person_id,
            key_id=key_id,
            sign_in_digest=sign_in_digest,
            address=unit.actor.address,
            created_at=unit.now,
            expires_at=started.expires_at,
            last_used_at=unit.now,
            ended_at=None,
        ),
    )
    unit.audit("created", "session", started.id, None, {"person": person_id, "key": key_id})
    return started


def hash_token(token: str) -> bytes:
    """Return the hash of a session's token, which is stored."""
    return hashlib.sha256(token.encode()).digest()


def derive_csrf_token(token: str) -> str:
    """Return the CSRF token of a session."""
    return hashlib.sha256(f"csrf {token}".encode()).hexdigest()


def verify_session(
    database: Database, token: str, now: datetime, resolve: ResolvePartner
) -> Caller | None:
    """Return the caller of a session, or None if it has ended or was idle.

    Raise `KeyRefused` if there is no such session.
    """
    rows = database.fetch(store.SESSION_BY_DIGEST, {"digest": hash_token(token)})
    if not rows:
        raise KeyRefused("This session is not known here.")
    row = rows[0]
    if not _is_current(row, now):
        return None
    caller = (
        _find_key_holder(database, row.key_id, now, resolve)
        if row.key_id is not None
        else _build_person(row)
    )
    if caller is None or caller.scope is None:
        return None
    ends = [row.expires_at] if caller.expires_at is None else [row.expires_at, caller.expires_at]
    return replace(caller, session_id=row.id, use_noted_at=row.last_used_at, expires_at=min(ends))


def use_session(
    database: Database, token: str, now: datetime, resolve: ResolvePartner
) -> Caller | None:
    """Return the caller of a session, if it is valid, and record its use at intervals."""
    caller = verify_session(database, token, now, resolve)
    if caller is not None and caller.session_id is not None and is_use_due(caller, now):
        record_use(database, caller.session_id, now)
    return caller


def record_use(database: Database, session_id: str, now: datetime) -> None:
    """Record the use of a session."""
    try:
        with database.write(lock_timeout=_LOCK_TIMEOUT) as session:
            store.record_session_use(session, session_id, now)
    except (DatabaseBusy, DatabaseReadOnly):
        # Reads must work if the database cannot be written; the next request records the use.
        return


def refuse_ended(state: SessionState | None, now: datetime) -> None:
    """Refuse a session that does not exist any more or has ended."""
    if state is None or state.ended_at is not None or state.expires_at <= now:
        raise KeyRefused("The session has ended. Sign in again.")


def delete_old_sessions(unit: UnitOfWork) -> int:
    """Delete sessions that ended long ago, and count them."""
    return store.delete_sessions_before(unit.session, unit.now - _KEPT)


def describe_session(row: SessionRow) -> dict[str, Any]:
    """Return the view of a session for administrators."""
    instants = ("created_at", "expires_at", "last_used_at", "ended_at")
    return {"id": row.id, "address": row.address, **_format_instants(row._asdict(), instants)}


def describe_person(row: PersonRow) -> dict[str, Any]:
    """Return the view of a person for administrators."""
    names = ("id", "issuer", "subject", "name", "scopes")
    instants = ("created_at", "signed_in_at")
    fields = row._asdict()
    return {**{name: fields[name] for name in names}, **_format_instants(fields, instants)}


def _format_instants(fields: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: None if fields[name] is None else format_instant(fields[name]) for name in names}


def _is_current(row: HeldSessionRow, now: datetime) -> bool:
    return row.ended_at is None and now < row.expires_at and now < row.last_used_at + IDLE_TIME


def _build_person(row: HeldSessionRow) -> Caller:
    assert row.name is not None
    assert row.scopes is not None
    return Caller(
        name=row.name,
        scopes=tuple(row.scopes),
        scope=highest_scope(row.scopes),
        person_id=row.person_id,
    )


def _find_key_holder(
    database: Database, key_id: str, now: datetime, resolve: ResolvePartner
) -> Caller | None:
    """Return the caller of the key of a session, or None if the key is not valid any more."""
    rows = database.fetch(store.KEY_BY_ID, {"key_id": key_id})
    try:
        for row in rows:
            refuse_invalid(KeyState(row.prefix, row.revoked_at, row.expires_at), now)
            return build_caller(row, now, resolve)
    except KeyRefused:
        return None
    return None
