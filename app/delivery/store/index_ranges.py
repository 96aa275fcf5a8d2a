"""The index ranges that hold a list in its order.

A list with one value of a field, or one pair of values, is one index range. Several values (a comma
means *or*) have one range each, and the database merges them. Other filters are tested row by row.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    FromClause,
    Integer,
    and_,
    bindparam,
    exists,
    false,
    literal_column,
)

from app.delivery.access_shape import AccessShape
from app.delivery.grant_ranges import RangesShape
from app.delivery.models import Document, DocumentTerm
from app.delivery.rendering import join_fields
from app.delivery.store.grants import is_in_earlier_range
from app.delivery.story_query import DrivingFilter, FilterShape, QueryShape, find_driving_filter
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of

_documents = table_of(Document)
_terms = table_of(DocumentTerm)
_COLUMNS = {"source": "source_id", "kind": "kind", "id": "id"}


@dataclass(frozen=True, slots=True)
class BoundList:
    """A bound list of values by its name, or its `first` values."""

    name: str
    first: int | None = None


@dataclass(frozen=True, slots=True)
class IndexRange:
    """An index range: its source, the columns of its order, and its conditions.

    `access` is what has to be tested for its rows, and `grant` the number of their grant if it is
    known.
    """

    origin: FromClause
    place: ColumnElement[Any]
    id: ColumnElement[str]
    conditions: tuple[ColumnElement[bool], ...]
    access: AccessShape
    grant: ColumnElement[Any] | None = None


def build_index_ranges(shape: QueryShape) -> list[IndexRange]:
    """Return the index ranges that together hold a list, without duplicates.

    The ranges of surplus values are empty.
    """
    if shape.grant_ranges is not None:
        ranges = shape.grant_ranges
        return [_build_grant_range(shape, ranges, number) for number in range(ranges.size)]
    driver = find_driving_filter(shape)
    if driver is None:
        wanted = tuple(filter_conditions(shape))
        place = _documents.c[shape.key]
        return [IndexRange(_documents, place, _documents.c.id, wanted, shape.access)]
    numbers = product(*(range(shape.clauses[clause].included) for clause in driver.clauses))
    return [_build_index_range(shape, driver, chosen) for chosen in numbers]


def sort_by(columns: Iterable[ColumnElement[Any]], shape: QueryShape) -> list[ColumnElement[Any]]:
    """Return the columns of an order, in the direction of a list."""
    return [column.desc() if shape.descending else column.asc() for column in columns]


def count_index_ranges(shape: QueryShape) -> int:
    """Return the number of index ranges that together hold a list."""
    if shape.grant_ranges is not None:
        return shape.grant_ranges.size
    driver = find_driving_filter(shape)
    return (
        prod(shape.clauses[clause].included for clause in driver.clauses)
        if driver is not None
        else 1
    )


def _build_index_range(
    shape: QueryShape, driver: DrivingFilter, chosen: tuple[int, ...]
) -> IndexRange:
    """Return the index range of one value of each driving filter, without earlier ranges' rows."""
    values = [_parameter(*pair) for pair in zip(driver.clauses, chosen, strict=True)]
    others = (
        *filter_conditions(shape, driver.clauses),
        *_exclude_earlier(shape, driver, chosen),
    )
    value: ColumnElement[str] = values[0]
    for more in values[1:]:
        value = value.concat(literal_column("' '")).concat(more)
    return IndexRange(
        _terms.join(_documents, _documents.c.id == _terms.c.id),
        _terms.c.published_at,
        _terms.c.id,
        (_terms.c.field == _literal(join_fields(driver.fields)), _terms.c.value == value, *others),
        shape.access,
    )


def _build_grant_range(shape: QueryShape, ranges: RangesShape, number: int) -> IndexRange:
    """Return one of the index ranges of the reader's grants, without earlier ranges' rows."""
    alone = build_overlapping_range(shape, ranges, number)
    conditions = [*alone.conditions, *filter_conditions(shape)]
    if ranges.is_compared:
        # PostgreSQL would plan joins for negated conditions, which takes longer than the query.
        conditions += [
            _is_in_grant_range(ranges, earlier).is_(false()) for earlier in range(number)
        ]
    elif number:
        conditions.append(is_in_earlier_range(_documents, number).is_(false()))
    origin = _terms.join(_documents, _documents.c.id == _terms.c.id)
    return replace(alone, origin=origin, conditions=tuple(conditions))


def build_overlapping_range(shape: QueryShape, ranges: RangesShape, number: int) -> IndexRange:
    """Return one of the index ranges of the reader's grants, before other filters are tested."""
    grant = bindparam(f"range_grant{number}", type_=Integer) if ranges.is_exact else None
    access = shape.access._replace(limited=not ranges.is_exact)
    conditions = tuple(_range_conditions(_terms, ranges, number))
    return IndexRange(_terms, _terms.c.published_at, _terms.c.id, conditions, access, grant)


def _is_in_grant_range(ranges: RangesShape, number: int) -> ColumnElement[bool]:
    inner = _terms.alias()
    # The id of the term, so that SQLite tests it before it looks up the document.
    return exists().where(inner.c.id == _terms.c.id, *_range_conditions(inner, ranges, number))


def _range_conditions(
    terms: FromClause, ranges: RangesShape, number: int
) -> Iterator[ColumnElement[bool]]:
    yield terms.c.field == bindparam(f"range_field{number}")
    yield terms.c.value == bindparam(f"range_value{number}")
    suffix = ranges.suffix(number)
    yield terms.c.published_at >= bindparam(f"range_start{suffix}", type_=BigInteger)
    yield terms.c.published_at <= bindparam(f"range_end{suffix}", type_=BigInteger)


def _exclude_earlier(
    shape: QueryShape, driver: DrivingFilter, chosen: tuple[int, ...]
) -> Iterator[ColumnElement[bool]]:
    """Exclude what an earlier range has: a story may be in two categories."""
    for clause, number in zip(driver.clauses, chosen, strict=True):
        if number:
            earlier = BoundList(f"in{clause}", number)
            yield ~_has_value(shape.clauses[clause].field, earlier)


def filter_conditions(
    shape: QueryShape,
    driven: tuple[int, ...] = (),
    documents: FromClause = _documents,
) -> Iterator[ColumnElement[bool]]:
    """Return all filters except the `driven` ones as conditions, tested row by row."""
    for number, clause in enumerate(shape.clauses):
        if number not in driven:
            yield from _filter_condition(number, clause, documents)


def _filter_condition(
    number: int, clause: FilterShape, documents: FromClause
) -> Iterator[ColumnElement[bool]]:
    if clause.included == 1:
        yield _has_value(clause.field, _parameter(number, 0), documents)
    elif clause.included:
        yield _has_value(clause.field, BoundList(f"in{number}"), documents)
    if clause.excluded:
        yield ~_has_value(clause.field, BoundList(f"out{number}"), documents)


def _has_value(
    field: str, values: "BindParameter[str] | BoundList", documents: FromClause = _documents
) -> ColumnElement[bool]:
    if field in _COLUMNS:
        column = documents.c[_COLUMNS[field]]
        return and_(column.is_not(None), _is_among(column, values))
    inner = _terms.alias()
    return exists().where(
        inner.c.id == documents.c.id,
        inner.c.field == _literal(field),
        _is_among(inner.c.value, values),
    )


def _is_among(
    column: ColumnElement[str], values: "BindParameter[str] | BoundList"
) -> ColumnElement[bool]:
    """Tell whether a column has a value, or one of several values."""
    if isinstance(values, BoundList):
        return is_listed(column, values.name, first=values.first)
    return column == values


def _parameter(clause: int, number: int) -> BindParameter[str]:
    """Return the parameter of an included value."""
    return bindparam(f"c{clause}_{number}")


def _literal(value: str) -> ColumnElement[str]:
    """Return a field's name as a literal, so that the planner knows it."""
    return literal_column(f"'{value}'")
