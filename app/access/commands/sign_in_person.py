"""Sign in a person whom the provider has identified."""

from dataclasses import replace

from app.access import store
from app.access.commands.end_sessions import end_former_session, end_sessions
from app.access.errors import SignInFailed
from app.access.people.identity import Identity
from app.access.people.sessions import StartedSession, start_session
from app.kit.ids import new_id
from app.kit.sql.unit_of_work import PERSON, UnitOfWork


def sign_in_person(unit: UnitOfWork, who: Identity, former: str | None) -> StartedSession | None:
    """Start a session of a person; without a role, end all sessions and return None.

    `former` is the token of the session that the browser had before, which ends.
    """
    row = store.find_person_by_subject(unit.session, who.issuer, who.subject)
    if row is not None:
        unit.actor = replace(unit.actor, id=row.id, name=who.name, type=PERSON)
    if who.scope is None:
        if row is not None:
            _remove_scopes(unit, row)
        return None
    if store.has_session_of_sign_in(unit.session, who.sign_in_digest):
        raise SignInFailed("This sign-in was completed already. Sign in again.")
    end_former_session(unit, former)
    person_id = _create_person(unit, who) if row is None else row.id
    if row is not None:
        store.update_person(unit.session, row.id, who.name, [who.scope.name], unit.now)
        _audit_changes(unit, row, who)
    return start_session(unit, person_id=person_id, sign_in_digest=who.sign_in_digest)


def _create_person(unit: UnitOfWork, who: Identity) -> str:
    assert who.scope is not None
    row = store.PersonRow(
        id=new_id(),
        issuer=who.issuer,
        subject=who.subject,
        name=who.name,
        scopes=[who.scope.name],
        created_at=unit.now,
        signed_in_at=unit.now,
    )
    store.insert_person(unit.session, row)
    unit.actor = replace(unit.actor, id=row.id, name=who.name, type=PERSON)
    unit.audit("created", "person", row.id, None, _to_fields(row.name, row.scopes))
    return row.id


def _remove_scopes(unit: UnitOfWork, row: store.PersonRow) -> None:
    store.remove_scopes(unit.session, row.id)
    current = store.list_current_sessions(unit.session, row.id, unit.now)
    end_sessions(unit, [session.id for session in current])
    unit.audit("refused", "person", row.id, {"scopes": row.scopes}, {"scopes": []})


def _audit_changes(unit: UnitOfWork, row: store.PersonRow, who: Identity) -> None:
    assert who.scope is not None
    before, after = _to_fields(row.name, row.scopes), _to_fields(who.name, [who.scope.name])
    if before != after:
        unit.audit("edited", "person", row.id, before, after)


def _to_fields(name: str, scopes: list[str]) -> dict[str, object]:
    return {"name": name, "scopes": scopes}
