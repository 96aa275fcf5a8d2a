"""SQL of sessions."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, select, update

from app.access.models import Person, Session
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query, Statement

_sessions, _people = table_of(Session), table_of(Person)


class SessionRow(NamedTuple):
    """A row of a session, which is of a person or of a key."""

    id: str
    digest: bytes
    person_id: str | None
    key_id: str | None
    sign_in_digest: bytes | None
    address: str | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime
    ended_at: datetime | None


class HeldSessionRow(NamedTuple):
    """A session with the name and scopes of its person; both are None if it is of a key."""

    id: str
    person_id: str | None
    key_id: str | None
    expires_at: datetime
    last_used_at: datetime
    ended_at: datetime | None
    name: str | None
    scopes: list[str] | None


class SessionState(NamedTuple):
    """The columns that decide whether a session may still act."""

    expires_at: datetime
    ended_at: datetime | None


_HELD = select(
    *(_sessions.c[name] for name in HeldSessionRow._fields[:6]), _people.c.name, _people.c.scopes
).outerjoin_from(_sessions, _people, _people.c.id == _sessions.c.person_id)
SESSION_BY_DIGEST = Statement(_HELD.where(Session.digest == bindparam("digest")), HeldSessionRow)
_STATE = Statement(
    select(*(_sessions.c[name] for name in SessionState._fields)).where(
        Session.id == bindparam("session_id")
    ),
    SessionState,
)


def insert_session(session: WriteSession, row: SessionRow) -> None:
    """Insert a session."""
    session.insert(Session, [row])


def load_session_state(session: ReadSession, id_: str) -> SessionState | None:
    """Return the state of the session with an id, or None."""
    return session.first(_STATE, {"session_id": id_})


def find_session(session: ReadSession, id_: str) -> SessionRow | None:
    """Return the session with an id, or None."""
    if "\0" in id_:
        # PostgreSQL refuses U+0000 in a parameter.
        return None
    return session.first(Query(select(_sessions).where(Session.id == id_), SessionRow))


def has_session_of_sign_in(session: ReadSession, digest: bytes) -> bool:
    """Tell whether a sign-in has created its session."""
    statement = select(Session.id).where(Session.sign_in_digest == digest)
    return session.scalar(statement) is not None


def list_current_sessions(session: ReadSession, person_id: str, now: datetime) -> list[SessionRow]:
    """Return the sessions of a person that have not ended, oldest first."""
    statement = select(_sessions).where(
        Session.person_id == person_id, Session.ended_at.is_(None), Session.expires_at > now
    )
    return session.all(Query(statement.order_by(Session.id), SessionRow))


def load_session_page(
    session: ReadSession, person_id: str, position: str | None, limit: int, *, backwards: bool
) -> list[SessionRow]:
    """Return sessions of a person, oldest first, after an id or (backwards) before it."""
    statement = select(_sessions).where(Session.person_id == person_id).limit(limit)
    if backwards and position is not None:
        statement = statement.where(Session.id < position).order_by(Session.id.desc())
    else:
        statement = statement.order_by(Session.id)
        statement = statement if position is None else statement.where(Session.id > position)
    return session.all(Query(statement, SessionRow))


def lock_session(session: WriteSession, id_: str, *, shared: bool = False) -> None:
    """Lock a session until the transaction ends: shared to use it, exclusive to end it."""
    session.lock(f"session:{id_}", shared=shared)


def end_sessions(session: WriteSession, ids: Collection[str], now: datetime) -> None:
    """Mark sessions as ended, unless they are; wait for the units of work that use them."""
    for id_ in sorted(ids):
        lock_session(session, id_)
        statement = update(Session).where(Session.id == id_, Session.ended_at.is_(None))
        session.execute(statement.values(ended_at=now))


def record_session_use(session: WriteSession, id_: str, now: datetime) -> None:
    """Record that a session was used."""
    session.execute(update(Session).where(Session.id == id_).values(last_used_at=now))


def delete_sessions_before(session: WriteSession, before: datetime) -> int:
    """Delete the sessions that expired before an instant, and count them."""
    return session.execute(delete(Session).where(Session.expires_at < before))
