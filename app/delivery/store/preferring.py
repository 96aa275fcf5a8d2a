"""One story of each group of translations: the one that readers prefer of those in the list.

It is a condition on each row of a list, by a look into the index of groups. So the list keeps
its order and its cursors, and is never sorted.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    tuple_,
)

from app.delivery.models import Document
from app.delivery.query import Shape
from app.delivery.store.bounds import span_tests
from app.delivery.store.stretches import wanted_by
from app.delivery.store.visibility import visible
from app.kit.sql.schema import table_of

_documents = table_of(Document)


def stands_alone(shape: Shape) -> Iterator[ColumnElement[bool]]:
    """Return the condition that no other visible story of the group in the list goes before."""
    if shape.preferred is None:
        return
    other = _documents.alias("preferred")
    yield ~exists().where(
        other.c.translation_group == _documents.c.translation_group,
        other.c.id != _documents.c.id,
        visible(other, embargoed=shape.embargoed),
        *wanted_by(shape, documents=other),
        *span_tests(shape, other),
        _order(other, shape.preferred) < _order(_documents, shape.preferred),
    )


def _order(documents: FromClause, count: int) -> Any:
    """Return what puts the stories of a group in order: by language, the original, the oldest."""
    is_other = case((documents.c.id == documents.c.translation_group, 0), else_=1)
    return tuple_(_rank(documents, count), is_other, documents.c.id)


def _rank(documents: FromClause, count: int) -> Any:
    tag = func.lower(documents.c.language)
    ranks = [(_takes_in(bindparam(f"l{rank}"), tag), rank) for rank in range(count)]
    return case(*ranks, else_=count) if ranks else literal_column("0")


def _takes_in(wanted: Any, tag: Any) -> ColumnElement[bool]:
    """Tell whether a language range takes in a tag: `fr` does so with `fr` and `fr-ca`."""
    below = func.substr(tag, 1, func.length(wanted) + 1)
    return or_(tag == wanted, below == wanted.concat("-"))
