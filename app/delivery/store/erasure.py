"""Delete the content of erased stories from the logs; serials, marks and order stay."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, null, select, update

from app.access.selection import SelectionFields
from app.delivery.models import EmbargoedRow, LogRow
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import WriteSession
from app.kit.sql.statement import Query

_ERASED_FIELDS = frozenset({"tag", "author", "label"})


def erase_changes(session: WriteSession, ids: Collection[str]) -> None:
    """Delete notices, tags, authors and labels from all rows about these stories."""
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
    said = {
        name: bindparam(f"said_{name}", type_=table.c[name].type) for name in _ATTRIBUTE_COLUMNS
    }
    session.execute(
        statement.values(notice=null(), **said),
        [
            {"row": serial, "said_before": _strip(before), "said_after": _strip(after)}
            for serial, before, after in session.all(rows)
        ],
    )


_ATTRIBUTE_COLUMNS = ("before", "after")


def _strip(facts: SelectionFields | None) -> dict[str, Any] | None:
    return (
        None
        if facts is None
        else {name: value for name, value in facts.items() if name not in _ERASED_FIELDS}
    )
