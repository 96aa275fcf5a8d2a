"""Usage, for invoices and for callers."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from app.access.scopes import Scope
from app.api.http.access import KeyPolicy
from app.api.http.dependencies import CallerDep, Parts
from app.api.http.paging import CURSOR, LIMIT, Paging
from app.api.http.parameters import (
    Parameter,
    ParameterSet,
    Values,
    bad,
    declare_choice,
    declare_date,
    declare_words,
)
from app.api.http.responses import list_response
from app.api.openapi.operations import LISTED, READING, describe
from app.api.routes.access_router import AccessRouter
from app.api.schemas.usage import UsagePage
from app.bootstrap import Services
from app.kit.sql.database import Database
from app.partners.store.usage_reports import GROUPS, Report, UsageGroup
from app.partners.usage_reports import list_cells, show_report
from app.syndication.formats.csv import MEDIA_TYPE, defuse_formulas

manage = AccessRouter(prefix="/v1/manage/usage", tags=["Newsroom: usage"])
router = AccessRouter(prefix="/v1/me/usage", tags=["Access"])
_FROM = declare_date("from", "The first day, in UTC; that of this month if left out.")
_TO = declare_date("to", "The last day, in UTC; today if left out.")
_GROUP_BY = declare_words(
    "group_by",
    "UsageGroup",
    GROUPS,
    "What each row is about, in this order. `story` can be combined with `partner` only, and "
    "keys without a partner cannot use it. The default is `partner,day` for the newsroom, and "
    "`day` for callers.",
)
_FORMAT: Parameter[str] = declare_choice(
    "format", "UsageFormat", ("json", "csv"), "json", "`csv` sends all rows, without pages."
)
_LIST = ParameterSet(_FROM, _TO, _GROUP_BY, _FORMAT, LIMIT, CURSOR)
_FOR_INVOICES: tuple[UsageGroup, ...] = ("partner", "day")
_FOR_CALLERS: tuple[UsageGroup, ...] = ("day",)
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
}


@manage.get(
    "",
    access=Scope.admin,
    summary="Read usage",
    response_model=UsagePage,
    responses=_ANSWERS,
    openapi_extra=describe(query=_LIST, problems=READING, sends=LISTED),
)
def manage_read_usage(request: Request, services: Parts) -> Response:
    """Report requests, counted stories and bytes in a period, for example for invoices.

    Numbers are written every few seconds. They are kept when a partner is deleted.
    """
    return _answer(request, services, partial(Report, of_everybody=True), _FOR_INVOICES)


@router.get(
    "",
    access=KeyPolicy.ANY,
    summary="Read your usage",
    response_model=UsagePage,
    responses=_ANSWERS,
    openapi_extra=describe(query=_LIST, problems=READING, sends=LISTED),
)
def read_own_usage(request: Request, services: Parts, caller: CallerDep) -> Response:
    """Report the usage of your partner, or of your key if it belongs to none."""
    if caller.partner_id is not None:
        about = partial(Report, partner_id=caller.partner_id)
    else:
        about = partial(Report, key_id=caller.key_id)
    return _answer(request, services, about, _FOR_CALLERS)


def _answer(
    request: Request, services: Services, about: partial[Report], groups: tuple[UsageGroup, ...]
) -> Response:
    """Answer with a page of a report, or with all of it as CSV."""
    values = _LIST.parse(request.scope["query_string"])
    report = _read_report(values, services.clock.now().date(), about, groups)
    if values[_FORMAT] == "csv":
        for parameter in (LIMIT, CURSOR):
            if values.has(parameter):
                raise bad(parameter.name, "not_allowed", "CSV has all rows, and no pages.")
        lines = _write_csv(services.database, report)
        return StreamingResponse(
            lines, headers={"cache-control": "no-store"}, media_type=MEDIA_TYPE
        )
    query = f"{request.url.path}?{report!r}"
    paging = Paging.read(services.cursors, values, query, len(report.group_by))
    position = None if paging.position is None else list(map(str, paging.position))
    with services.database.read() as session:
        page = show_report(session, report, paging.limit, position, backwards=paging.backwards)
    return list_response(request, services, paging, page)


def _read_report(
    values: Values, today: date, about: partial[Report], groups: tuple[UsageGroup, ...]
) -> Report:
    first = values[_FROM] or min(today.replace(day=1), values[_TO] or today)
    last = values[_TO] or max(today, first)
    if last < first:
        raise bad(_TO.name, "out_of_range", "'to' is before 'from'.")
    report = about(first.isoformat(), last.isoformat(), values[_GROUP_BY] or groups)
    if not report.can_be_grouped:
        detail = "'story' can be combined with 'partner', and with nothing else."
        if report.key_id is not None:
            detail = "This key belongs to no partner, so no stories count for it."
        raise bad(_GROUP_BY.name, "not_allowed", detail)
    return report


def _write_csv(database: Database, report: Report) -> Iterator[str]:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in list_cells(database, report):
        writer.writerow(defuse_formulas(row))
        yield text.getvalue()
        text.seek(0)
        text.truncate()
