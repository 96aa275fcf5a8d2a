"""Select the preferred story of each translation group in a list.

The condition is tested for each row with a lookup in the index of groups. So the list keeps its
order and its cursors, and needs no sort.
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
from app.delivery.store.index_ranges import filter_conditions
from app.delivery.store.time_bounds import document_conditions
from app.delivery.store.visibility import is_visible
from app.delivery.story_query import QueryShape
from app.kit.sql.schema import table_of

_documents = table_of(Document)


def preference_conditions(shape: QueryShape) -> Iterator[ColumnElement[bool]]:
    """Return the condition that no other visible story of the group in the list is preferred."""
    if shape.preferred is None:
        return
    other = _documents.alias("preferred")
    yield ~exists().where(
        other.c.translation_group == _documents.c.translation_group,
        other.c.id != _documents.c.id,
        is_visible(other, shape.access),
        *filter_conditions(shape, documents=other),
        *document_conditions(shape, other),
        _preference_order(other, shape.preferred) < _preference_order(_documents, shape.preferred),
    )


def _preference_order(documents: FromClause, count: int) -> Any:
    """Return the preference order of a group: by language, then the original, then the oldest."""
    is_other = case((documents.c.id == documents.c.translation_group, 0), else_=1)
    return tuple_(_language_rank(documents, count), is_other, documents.c.id)


def _language_rank(documents: FromClause, count: int) -> Any:
    tag = func.lower(documents.c.language)
    ranks = [(_includes(bindparam(f"l{rank}"), tag), rank) for rank in range(count)]
    return case(*ranks, else_=count) if ranks else literal_column("0")


def _includes(wanted: Any, tag: Any) -> ColumnElement[bool]:
    """Tell whether a language range includes a tag: `fr` includes `fr` and `fr-ca`."""
    below = func.substr(tag, 1, func.length(wanted) + 1)
    return or_(tag == wanted, below == wanted.concat("-"))
