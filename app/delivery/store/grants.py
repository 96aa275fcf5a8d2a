"""SQL of entitlements: the number of the first grant that includes a document.

See `access_shape` for the JSON of the grants.
"""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Integer, Text, bindparam
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


@compiles(_FirstGrant, "sqlite")
def _compile_for_sqlite(element: _FirstGrant, compiler: SQLCompiler, **options: Any) -> str:
    id_, published, released, grants, now = _compile_clauses(element, compiler, options)
    return f"""(SELECT min(g.key) FROM json_each({grants}) AS g
        WHERE (json_extract(g.value, '$[0]') OR (({released} OR {published} <= {now})
            AND {published} + json_extract(g.value, '$[1]') <= {now}))
        AND {published} + json_extract(g.value, '$[2]') >= {now}
        AND NOT EXISTS (SELECT 1 FROM json_each(g.value, '$[3]') AS c
            WHERE json_extract(c.value, '$[0]') <> (
                EXISTS (SELECT 1 FROM json_each(c.value, '$[2]') AS v
                    WHERE EXISTS (SELECT 1 FROM document_terms AS t
                        WHERE t.id = {id_} AND t.field = json_extract(c.value, '$[1]')
                        AND t.value = v.value)
                    OR (json_extract(c.value, '$[1]') = 'id' AND v.value = {id_})))))"""  # noqa: S608 - the parts are compiled clauses


@compiles(_FirstGrant, "postgresql")
def _compile_for_postgresql(element: _FirstGrant, compiler: SQLCompiler, **options: Any) -> str:
    id_, published, released, grants, now = _compile_clauses(element, compiler, options)
    return f"""(SELECT min(g.key) - 1
        FROM jsonb_array_elements(CAST({grants} AS jsonb)) WITH ORDINALITY AS g(value, key)
        WHERE (CAST(g.value ->> 0 AS integer) = 1 OR (({released} OR {published} <= {now})
            AND {published} + CAST(g.value ->> 1 AS bigint) <= {now}))
        AND {published} + CAST(g.value ->> 2 AS bigint) >= {now}
        AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements(g.value -> 3) AS c(value)
            WHERE (CAST(c.value ->> 0 AS integer) = 1) <> (
                EXISTS (SELECT 1 FROM jsonb_array_elements_text(c.value -> 2) AS v(value)
                    WHERE EXISTS (SELECT 1 FROM document_terms AS t
                        WHERE t.id = {id_} AND t.field = c.value ->> 1 AND t.value = v.value)
                    OR (c.value ->> 1 = 'id' AND v.value = {id_})))))"""  # noqa: S608 - the parts are compiled clauses


def _compile_clauses(
    element: _FirstGrant, compiler: SQLCompiler, options: dict[str, Any]
) -> list[str]:
    return [compiler.process(clause, **options) for clause in element.clauses]
