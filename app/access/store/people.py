"""SQL of people."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update

from app.access.models import Person
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query

_people = table_of(Person)


class PersonRow(NamedTuple):
    """A row of a person."""

    id: str
    issuer: str
    subject: str
    name: str
    scopes: list[str]
    created_at: datetime
    signed_in_at: datetime


def find_person(session: ReadSession, id_: str) -> PersonRow | None:
    """Return the person with an id, or None."""
    if "\0" in id_:
        # PostgreSQL refuses U+0000 in a parameter.
        return None
    return session.first(Query(select(_people).where(Person.id == id_), PersonRow))


def find_person_by_subject(session: ReadSession, issuer: str, subject: str) -> PersonRow | None:
    """Return the person that a provider knows by a subject, or None."""
    statement = select(_people).where(Person.issuer == issuer, Person.subject == subject)
    return session.first(Query(statement, PersonRow))


def load_people_page(
    session: ReadSession, position: str | None, limit: int, *, backwards: bool
) -> list[PersonRow]:
    """Return people, oldest first, after an id or (backwards) before it."""
    statement = select(_people).limit(limit)
    if backwards and position is not None:
        statement = statement.where(Person.id < position).order_by(Person.id.desc())
    else:
        statement = statement.order_by(Person.id)
        statement = statement if position is None else statement.where(Person.id > position)
    return session.all(Query(statement, PersonRow))


def insert_person(session: WriteSession, row: PersonRow) -> None:
    """Insert a person."""
    session.insert(Person, [row])


def update_person(
    session: WriteSession, id_: str, name: str, scopes: list[str], now: datetime
) -> None:
    """Record the name and the scopes of a person who signs in."""
    statement = update(Person).where(Person.id == id_)
    session.execute(statement.values(name=name, scopes=scopes, signed_in_at=now))


def remove_scopes(session: WriteSession, id_: str) -> None:
    """Leave a person without scopes."""
    session.execute(update(Person).where(Person.id == id_).values(scopes=[]))


def delete_person(session: WriteSession, id_: str) -> None:
    """Delete a person and all sessions of it."""
    session.delete(Person.id, [id_])
