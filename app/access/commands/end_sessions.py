"""End sessions: by logout, or by an administrator."""

from collections.abc import Sequence

from app.access import store
from app.access.errors import PersonNotFound
from app.access.people.sessions import hash_token
from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork


def end_sessions(unit: UnitOfWork, ids: Sequence[str]) -> None:
    """End sessions, immediately and permanently."""
    store.end_sessions(unit.session, ids, unit.now)
    for id_ in ids:
        unit.audit("revoked", "session", id_, None, None)


def end_former_session(unit: UnitOfWork, token: str | None) -> None:
    """End the session with a token, unless it has ended."""
    row = None
    if token is not None:
        row = unit.session.first(store.SESSION_BY_DIGEST, {"digest": hash_token(token)})
    if row is not None and row.ended_at is None and row.expires_at > unit.now:
        end_sessions(unit, [row.id])


def end_session_of_person(unit: UnitOfWork, person_id: str, id_: str) -> None:
    """End a session of a person, unless it has ended."""
    row = store.find_session(unit.session, id_)
    if row is None or row.person_id != person_id:
        raise PersonNotFound(f"The person has no session with the id {quote_text(id_)}.")
    if row.ended_at is None and row.expires_at > unit.now:
        end_sessions(unit, [row.id])
