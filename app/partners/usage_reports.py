"""Reports about usage, for invoices and for partners."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.kit.sql.database import Database
from app.kit.sql.session import ReadSession
from app.kit.view_page import ViewPage, build_view_page
from app.partners.store.usage_reports import (
    NamesRow,
    Report,
    ReportRow,
    load_key_names,
    load_partner_names,
    load_report_page,
)

_BATCH = 1_000
COLUMNS = (
    "day partner_id partner_slug partner_name key_id key_prefix key_name route story requests "
    "stories bytes first_day last_day"
).split()


def show_report(
    session: ReadSession,
    report: Report,
    limit: int,
    position: Sequence[str] | None,
    *,
    backwards: bool,
) -> ViewPage:
    """Return a page of a report."""
    rows = load_report_page(session, report, limit + 1, position, backwards=backwards)
    return build_view_page(
        rows,
        limit,
        lambda kept: _build_views(session, report, kept),
        lambda row: [getattr(row, name) for name in report.group_by],
        placed=position is not None,
        backwards=backwards,
    )


def list_cells(database: Database, report: Report) -> Iterator[list[Any]]:
    """Yield a whole report as lines of cells, the names of the columns first."""
    yield COLUMNS
    position: Sequence[str] | None = None
    while True:
        with database.read() as session:
            page = show_report(session, report, _BATCH, position, backwards=False)
        for view in page.items:
            yield list(_flatten(view))
        position = page.after
        if position is None:
            return


def _build_views(
    session: ReadSession, report: Report, rows: Sequence[ReportRow]
) -> list[dict[str, Any]]:
    """Return rows with the names of what they are about."""
    partners = load_partner_names(session, {row.partner for row in rows if row.partner}, report)
    keys = load_key_names(session, {row.key for row in rows if row.key}, report)
    return [
        row._asdict()
        | {
            "partner": _build_names(row.partner, partners, "slug"),
            "key": _build_names(row.key, keys, "prefix"),
        }
        for row in rows
    ]


def _build_names(
    id_: str | None, known: Mapping[str, NamesRow], short: str
) -> dict[str, Any] | None:
    """Return an id with its names; None if a row has no partner, or no key."""
    if not id_:
        return None
    names = known.get(id_)
    return {"id": id_, short: names and names.short, "name": names and names.name}


def _flatten(view: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the values of a row in the order of `COLUMNS`."""
    for name, value in view.items():
        if name in {"partner", "key"}:
            yield from (None, None, None) if value is None else value.values()
        else:
            yield value
