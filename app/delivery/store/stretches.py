"""Which stretches of an index hold a list in its order.

A list of one value of a field, or of one pair of values, is one stretch. Of several values
(a comma means *or*) each has a stretch of its own, and the database merges them. What no
stretch describes is tested row by row along the way.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    and_,
    bindparam,
    exists,
    literal_column,
)

from app.delivery.models import Document, DocumentTerm
from app.delivery.query import ClauseShape, Driver, Shape, driver_of
from app.delivery.terms import pair_field
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of

_documents = table_of(Document)
_terms = table_of(DocumentTerm)
_COLUMNS = {"source": "source_id", "kind": "kind", "id": "id"}


@dataclass(frozen=True, slots=True)
class Values:
    """A list of values by its name, or the `first` of them."""

    name: str
    first: int | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows in order: where they come from, the columns of the order, and what names them."""

    origin: FromClause
    place: ColumnElement[Any]
    id: ColumnElement[str]
    conditions: tuple[ColumnElement[bool], ...]


def stretches(shape: Shape) -> list[Stretch]:
    """Return the stretches that hold a list together, no story twice.

    Those of values that were left over are empty.
    """
    driver = driver_of(shape)
    if driver is None:
        wanted = tuple(wanted_by(shape))
        return [Stretch(_documents, _documents.c[shape.key], _documents.c.id, wanted)]
    numbers = product(*(range(shape.clauses[one].included) for one in driver.clauses))
    return [_stretch(shape, driver, chosen) for chosen in numbers]


def stretch_count(shape: Shape) -> int:
    """Return how many stretches hold a list together."""
    driver = driver_of(shape)
    return prod(shape.clauses[one].included for one in driver.clauses) if driver is not None else 1


def _stretch(shape: Shape, driver: Driver, chosen: tuple[int, ...]) -> Stretch:
    """Return the stretch of one value of each clause of the driver, without earlier ones."""
    values = [_parameter(*pair) for pair in zip(driver.clauses, chosen, strict=True)]
    others = (
        *wanted_by(shape, driver.clauses),
        *_not_before(shape, driver, chosen),
    )
    value: ColumnElement[str] = values[0]
    for more in values[1:]:
        value = value.concat(literal_column("' '")).concat(more)
    return Stretch(
        _terms.join(_documents, _documents.c.id == _terms.c.id),
        _terms.c.published_at,
        _terms.c.id,
        (_terms.c.field == _text(pair_field(driver.fields)), _terms.c.value == value, *others),
    )


def _not_before(
    shape: Shape, driver: Driver, chosen: tuple[int, ...]
) -> Iterator[ColumnElement[bool]]:
    """Leave out what an earlier stretch has: a story may be in two categories."""
    for clause, number in zip(driver.clauses, chosen, strict=True):
        if number:
            earlier = Values(f"in{clause}", number)
            yield ~_holds(shape.clauses[clause].field, earlier)


def wanted_by(
    shape: Shape,
    driven: tuple[int, ...] = (),
    documents: FromClause = _documents,
) -> Iterator[ColumnElement[bool]]:
    """Return all clauses but the `driven` ones as conditions, to be tested row by row."""
    for number, clause in enumerate(shape.clauses):
        if number not in driven:
            yield from _test(number, clause, documents)


def _test(number: int, clause: ClauseShape, documents: FromClause) -> Iterator[ColumnElement[bool]]:
    if clause.included == 1:
        yield _holds(clause.field, _parameter(number, 0), documents)
    elif clause.included:
        yield _holds(clause.field, Values(f"in{number}"), documents)
    if clause.excluded:
        yield ~_holds(clause.field, Values(f"out{number}"), documents)


def _holds(
    field: str, values: "BindParameter[str] | Values", documents: FromClause = _documents
) -> ColumnElement[bool]:
    if field in _COLUMNS:
        column = documents.c[_COLUMNS[field]]
        return and_(column.is_not(None), _is_among(column, values))
    inner = _terms.alias()
    return exists().where(
        inner.c.id == documents.c.id,
        inner.c.field == _text(field),
        _is_among(inner.c.value, values),
    )


def _is_among(
    column: ColumnElement[str], values: "BindParameter[str] | Values"
) -> ColumnElement[bool]:
    """Tell whether a column has a value, or one of several."""
    if isinstance(values, Values):
        return is_listed(column, values.name, first=values.first)
    return column == values


def _parameter(clause: int, number: int) -> BindParameter[str]:
    """Return one of the values that are wanted."""
    return bindparam(f"c{clause}_{number}")


def _text(value: str) -> ColumnElement[str]:
    """Return a field's name as a literal: the planner looks at it."""
    return literal_column(f"'{value}'")
