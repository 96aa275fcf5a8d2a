"""The index ranges that hold a list in its order.

A list with one value of a field, or one pair of values, is one index range. Several values (a comma
means *or*) have one range each, and the database merges them. Other filters are tested row by row.
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
from app.kit.listed import is_listed
from app.kit.schema import table_of

_documents = table_of(Document)
_terms = table_of(DocumentTerm)
_COLUMNS = {"source": "source_id", "kind": "kind", "id": "id"}


@dataclass(frozen=True, slots=True)
class Values:
    """A bound list of values by its name, or its `first` values."""

    name: str
    first: int | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """An index range: its source, the columns of its order, and its conditions."""

    origin: FromClause
    place: ColumnElement[Any]
    id: ColumnElement[str]
    conditions: tuple[ColumnElement[bool], ...]


def stretches(shape: Shape) -> list[Stretch]:
    """Return the index ranges that together hold a list, without duplicates.

    The ranges of surplus values are empty.
    """
    driver = driver_of(shape)
    if driver is None:
        wanted = tuple(wanted_by(shape))
        return [Stretch(_documents, _documents.c[shape.key], _documents.c.id, wanted)]
    numbers = product(*(range(shape.clauses[clause].included) for clause in driver.clauses))
    return [_stretch(shape, driver, chosen) for chosen in numbers]


def stretch_count(shape: Shape) -> int:
    """Return the number of index ranges that together hold a list."""
    driver = driver_of(shape)
    return (
        prod(shape.clauses[clause].included for clause in driver.clauses)
        if driver is not None
        else 1
    )


def _stretch(shape: Shape, driver: Driver, chosen: tuple[int, ...]) -> Stretch:
    """Return the index range of one value of each driving filter, without earlier ranges' rows."""
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
    """Exclude what an earlier range has: a story may be in two categories."""
    for clause, number in zip(driver.clauses, chosen, strict=True):
        if number:
            earlier = Values(f"in{clause}", number)
            yield ~_holds(shape.clauses[clause].field, earlier)


def wanted_by(
    shape: Shape,
    driven: tuple[int, ...] = (),
    documents: FromClause = _documents,
) -> Iterator[ColumnElement[bool]]:
    """Return all filters except the `driven` ones as conditions, tested row by row."""
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
    """Tell whether a column has a value, or one of several values."""
    if isinstance(values, Values):
        return is_listed(column, values.name, first=values.first)
    return column == values


def _parameter(clause: int, number: int) -> BindParameter[str]:
    """Return the parameter of an included value."""
    return bindparam(f"c{clause}_{number}")


def _text(value: str) -> ColumnElement[str]:
    """Return a field's name as a literal, so that the planner knows it."""
    return literal_column(f"'{value}'")
