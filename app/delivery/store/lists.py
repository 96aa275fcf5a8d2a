"""Lists of values as one parameter: a statement is the same however many values are asked for.

The parameter is a text of JSON, which both databases take apart.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.kit import json


def list_value(values: Sequence[str]) -> str:
    """Return what the parameter of a list is bound to."""
    return json.dumps_text(list(values))


def is_listed(
    column: ColumnElement[Any], name: str, dialect: str, first: int | None = None
) -> ColumnElement[bool]:
    """Tell whether a column has one of the values of a list, or one of the `first` of them.

    The list is bound by its `name`.
    """
    listed: Any = bindparam(name, type_=Text)
    most = None if first is None else literal_column(str(first), Integer)
    if dialect == "sqlite":
        each = func.json_each(listed).table_valued("value", name=name)
        return column.in_(select(each.c.value).limit(most))
    values = func.jsonb_array_elements_text(cast(listed, JSONB))
    return column == any_(func.array(select(values).limit(most).scalar_subquery()))
