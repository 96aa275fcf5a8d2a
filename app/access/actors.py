"""Who acted, as answers show it: a key, a person, or a program."""

from typing import Any

from app.kit.sql.unit_of_work import PERSON


def describe_actor(id_: str | None, name: str, type_: str | None) -> dict[str, Any]:
    """Return the view of an actor, from the columns of a row."""
    is_person = type_ == PERSON
    return {
        "key": None if is_person else id_,
        "person": id_ if is_person else None,
        "name": name,
    }
