"""SQL of entitlements: the number of the first grant that includes a document.

See `access_shape` for the JSON of the grants.
"""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, FromClause, Integer, Text, bindparam, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.delivery.access_shape import GRANTS
from app.kit.sql.schema import Instant


class _FirstGrant(FunctionElement[int]):
    """The columns of a document, the grants, and the current time."""

    type = Integer()
    inherit_cache = True


def first_grant(documents: FromClause) -> ColumnElement[Any]:
    """Return the number of the first grant that includes a document, or NULL.

    The parameters are `grants` and `now`.
    """
    own = documents.c
    return _FirstGrant(
        own.id,
        own.published_at,
        own.released,
        bindparam(GRANTS, type_=Text),
        bindparam("now", type_=Instant),
    )


# The JSON is parsed once for a statement, not for each document. A story has few terms and a grant
# may have many values, so the terms are looked up in the values.
@compiles(_FirstGrant, "sqlite")
def _compile_for_sqlite(element: _FirstGrant, compiler: SQLCompiler, **options: Any) -> str:
    id_, published, released, grants, now = _compile_clauses(element, compiler, options)
    return f"""(WITH g AS MATERIALIZED (SELECT key AS number,
            json_extract(value, '$[0]') AS embargoed, json_extract(value, '$[1]') AS delay,
            json_extract(value, '$[2]') AS depth, json_extract(value, '$[3]') AS conditions
            FROM json_each({grants})),
        c AS MATERIALIZED (SELECT g.number AS number, c.key AS place,
            json_extract(c.value, '$[0]') AS wanted, json_extract(c.value, '$[1]') AS field,
            json_extract(c.value, '$[2]') AS listed
            FROM g, json_each(g.conditions) AS c),
        v AS MATERIALIZED (SELECT c.number AS number, c.place AS place, v.value AS value
            FROM c, json_each(c.listed) AS v)
        SELECT min(g.number) FROM g
        WHERE (g.embargoed OR (({released} OR {published} <= {now})
            AND {published} + g.delay <= {now}))
        AND {published} + g.depth >= {now}
        AND NOT EXISTS (SELECT 1 FROM c WHERE c.number = g.number AND c.wanted <> (
            EXISTS (SELECT 1 FROM document_terms AS t CROSS JOIN v
                WHERE t.id = {id_} AND t.field = c.field
                AND v.number = c.number AND v.place = c.place AND v.value = t.value)
            OR (c.field = 'id' AND EXISTS (SELECT 1 FROM v
                WHERE v.number = c.number AND v.place = c.place
                AND v.value = {id_})))))"""  # noqa: S608 - the parts are compiled clauses


# With NOT EXISTS, PostgreSQL would build a hash table for each document.
@compiles(_FirstGrant, "postgresql")
def _compile_for_postgresql(element: _FirstGrant, compiler: SQLCompiler, **options: Any) -> str:
    id_, published, released, grants, now = _compile_clauses(element, compiler, options)
    return f"""(WITH g AS MATERIALIZED (SELECT key - 1 AS number,
            CAST(value ->> 0 AS integer) = 1 AS embargoed, CAST(value ->> 1 AS bigint) AS delay,
            CAST(value ->> 2 AS bigint) AS depth, value -> 3 AS conditions
            FROM jsonb_array_elements(CAST({grants} AS jsonb)) WITH ORDINALITY AS g(value, key)),
        c AS MATERIALIZED (SELECT g.number AS number, CAST(c.value ->> 0 AS integer) = 1 AS wanted,
            c.value ->> 1 AS field, c.value -> 2 AS listed
            FROM g, jsonb_array_elements(g.conditions) AS c(value))
        SELECT min(g.number) FROM g
        WHERE (g.embargoed OR (({released} OR {published} <= {now})
            AND {published} + g.delay <= {now}))
        AND {published} + g.depth >= {now}
        AND (SELECT 1 FROM c WHERE c.number = g.number AND c.wanted <> (
            EXISTS (SELECT 1 FROM document_terms AS t
                WHERE t.id = {id_} AND t.field = c.field AND c.listed ? t.value)
            OR (c.field = 'id' AND c.listed ? {id_})) LIMIT 1) IS NULL)"""  # noqa: S608 - the parts are compiled clauses


class _InEarlierRange(FunctionElement[bool]):
    """The columns of a document, the index ranges, and the number of one of them."""

    type = Boolean()
    inherit_cache = True


def is_in_earlier_range(documents: FromClause, number: int) -> ColumnElement[bool]:
    """Tell whether a document is in one of the first so many index ranges.

    The parameter `ranges` has them as `[field, value, first, last]`.
    """
    own = documents.c
    return _InEarlierRange(
        own.id, own.published_at, bindparam("ranges", type_=Text), literal_column(str(number))
    )


@compiles(_InEarlierRange, "sqlite")
def _compile_ranges_for_sqlite(
    element: _InEarlierRange, compiler: SQLCompiler, **options: Any
) -> str:
    id_, published, ranges, number = _compile_clauses(element, compiler, options)
    return f"""EXISTS (SELECT 1 FROM json_each({ranges}) AS r WHERE r.key < {number}
        AND {published} >= json_extract(r.value, '$[2]')
        AND {published} <= json_extract(r.value, '$[3]')
        AND EXISTS (SELECT 1 FROM document_terms AS t
            WHERE t.id = {id_} AND t.field = json_extract(r.value, '$[0]')
            AND t.value = json_extract(r.value, '$[1]')))"""  # noqa: S608 - the parts are compiled clauses


@compiles(_InEarlierRange, "postgresql")
def _compile_ranges_for_postgresql(
    element: _InEarlierRange, compiler: SQLCompiler, **options: Any
) -> str:
    id_, published, ranges, number = _compile_clauses(element, compiler, options)
    return f"""EXISTS (SELECT 1
        FROM jsonb_array_elements(CAST({ranges} AS jsonb)) WITH ORDINALITY AS r(value, key)
        WHERE r.key <= {number}
        AND {published} >= CAST(r.value ->> 2 AS bigint)
        AND {published} <= CAST(r.value ->> 3 AS bigint)
        AND EXISTS (SELECT 1 FROM document_terms AS t
            WHERE t.id = {id_} AND t.field = r.value ->> 0 AND t.value = r.value ->> 1))"""  # noqa: S608 - the parts are compiled clauses


def _compile_clauses(
    element: FunctionElement[Any], compiler: SQLCompiler, options: dict[str, Any]
) -> list[str]:
    return [compiler.process(clause, **options) for clause in element.clauses]
