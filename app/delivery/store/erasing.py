"""Rows of the logs without what a story said; their serials, marks and order stay."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, null, select, update

from app.access.selection import SelectionFields
from app.delivery.models import EmbargoedRow, LogRow
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import WriteSession
from app.kit.sql.statement import Query

_SAID = frozenset({"tag", "author"})


def erase_facts(session: WriteSession, ids: Collection[str]) -> None:
    """Delete notices, tags and authors from all rows about these stories."""
    if not ids:
        return
    log = table_of(LogRow)
    _erase(session, log, [log.c.type == "article", is_listed(log.c.id, values=ids)])
    embargoed = table_of(EmbargoedRow)
    _erase(session, embargoed, [is_listed(embargoed.c.id, values=ids)])


def _erase(session: WriteSession, table: Any, conditions: list[Any]) -> None:
    columns = (table.c.serial, table.c.before, table.c.after)
    rows: Query[tuple[int, SelectionFields | None, SelectionFields | None]] = Query(
        select(*columns).where(*conditions)
    )
    statement = update(table).where(table.c.serial == bindparam("row"))
    said = {name: bindparam(f"said_{name}", type_=table.c[name].type) for name in _FACTS}
    session.execute(
        statement.values(notice=null(), **said),
        [
            {"row": serial, "said_before": _without(before), "said_after": _without(after)}
            for serial, before, after in session.all(rows)
        ],
    )


_FACTS = ("before", "after")


def _without(facts: SelectionFields | None) -> dict[str, Any] | None:
    return (
        None if facts is None else {name: one for name, one in facts.items() if name not in _SAID}
    )
