"""Delete a person."""

from app.access import store
from app.access.commands.end_sessions import end_sessions
from app.access.people.queries import load_person
from app.kit.sql.unit_of_work import UnitOfWork


def delete_person(unit: UnitOfWork, id_: str) -> None:
    """End all sessions of a person, and delete the person; the audit log keeps the name."""
    person = load_person(unit.session, id_)
    current = store.list_current_sessions(unit.session, person.id, unit.now)
    end_sessions(unit, [session.id for session in current])
    store.delete_person(unit.session, person.id)
    unit.audit("deleted", "person", person.id, {"name": person.name}, None)
