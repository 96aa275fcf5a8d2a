"""Queries about people and their sessions, for administrators."""

from app.access import store
from app.access.errors import PersonNotFound
from app.access.people.sessions import describe_person, describe_session
from app.access.store import PersonRow
from app.kit.quoting import quote_text
from app.kit.sql.session import ReadSession
from app.kit.view_page import ViewPage, build_view_page


def load_person(session: ReadSession, id_: str) -> PersonRow:
    """Return the person with an id."""
    row = store.find_person(session, id_)
    if row is None:
        raise PersonNotFound(f"There is no person with the id {quote_text(id_)}.")
    return row


def load_people_page(
    session: ReadSession, limit: int, position: str | None, *, backwards: bool
) -> ViewPage:
    """Return a page of people, oldest first."""
    return build_view_page(
        store.load_people_page(session, position, limit + 1, backwards=backwards),
        limit,
        lambda rows: [describe_person(row) for row in rows],
        lambda row: (row.id,),
        placed=position is not None,
        backwards=backwards,
    )


def load_session_page(
    session: ReadSession, person_id: str, limit: int, position: str | None, *, backwards: bool
) -> ViewPage:
    """Return a page of the sessions of a person, oldest first."""
    person = load_person(session, person_id)
    return build_view_page(
        store.load_session_page(session, person.id, position, limit + 1, backwards=backwards),
        limit,
        lambda rows: [describe_session(row) for row in rows],
        lambda row: (row.id,),
        placed=position is not None,
        backwards=backwards,
    )
