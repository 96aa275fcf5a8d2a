"""SQL of reports about usage: totals by day, partner, key and route, and counted stories."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, null, select, tuple_

from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Query
from app.partners.models import ReceiptTable, UsageTable

_usage, _receipts = table_of(UsageTable), table_of(ReceiptTable)
UsageGroup = Literal["day", "partner", "key", "route", "story"]
GROUPS: tuple[UsageGroup, ...] = get_args(UsageGroup)
_COLUMNS: dict[UsageGroup, ColumnElement[str]] = {
    "day": _usage.c.day,
    "partner": _usage.c.partner_id,
    "key": _usage.c.key_id,
    "route": _usage.c.route,
}
_STORY_COLUMNS: dict[UsageGroup, ColumnElement[str]] = {
    "partner": _receipts.c.partner_id,
    "story": _receipts.c.article_id,
}


@dataclass(frozen=True, slots=True)
class Report:
    """A report about the days from `first_day` to `last_day`, both included.

    It is about a partner, or about a key, or (`of_everybody`) for administrators.
    """

    first_day: str
    last_day: str
    group_by: tuple[UsageGroup, ...]
    partner_id: str | None = None
    key_id: str | None = None
    of_everybody: bool = False

    def __post_init__(self) -> None:
        if self.of_everybody is not (self.partner_id is None and self.key_id is None):
            raise ValueError("A report is about a partner, about a key, or of everybody.")

    @property
    def has_stories(self) -> bool:
        """Tell whether it lists stories."""
        return "story" in self.group_by

    @property
    def can_be_grouped(self) -> bool:
        """Tell whether these groups are possible: `story` can be combined with `partner` only."""
        return not self.has_stories or (
            self.key_id is None and set(self.group_by) <= _STORY_COLUMNS.keys()
        )


class ReportRow(NamedTuple):
    """A row of a report.

    Columns that it is not grouped by are None, and so are the numbers in a list of stories.
    """

    day: str | None
    partner: str | None
    key: str | None
    route: str | None
    story: str | None
    requests: int | None
    stories: int
    bytes: int | None
    first_day: str | None
    last_day: str | None


class NamesRow(NamedTuple):
    """The names that a partner or key had last in a period."""

    id: str
    short: str | None
    name: str | None
    last_day: str


def load_report_page(
    session: ReadSession,
    report: Report,
    limit: int,
    position: Sequence[str] | None,
    *,
    backwards: bool,
) -> list[ReportRow]:
    """Return rows in the order of the groups, after a position or (backwards) before it."""
    columns = _STORY_COLUMNS if report.has_stories else _COLUMNS
    groups = [columns[name] for name in report.group_by]
    statement = _select_stories(report) if report.has_stories else _select_totals(report)
    statement = statement.group_by(*groups).limit(limit)
    if position is not None:
        place, row = tuple_(*position), tuple_(*groups)
        statement = statement.where(row < place if backwards else row > place)
    order = [column.desc() for column in groups] if backwards else groups
    return session.all(Query(statement.order_by(*order), ReportRow))


def load_partner_names(
    session: ReadSession, ids: Collection[str], report: Report
) -> dict[str, NamesRow]:
    """Return the slugs and names of partners, as they were last in the period."""
    return _load_names(session, ids, report, "partner_id", "partner_slug", "partner_name")


def load_key_names(
    session: ReadSession, ids: Collection[str], report: Report
) -> dict[str, NamesRow]:
    """Return the prefixes and names of keys, as they were last in the period."""
    return _load_names(session, ids, report, "key_id", "key_prefix", "key_name")


def _load_names(
    session: ReadSession, ids: Collection[str], report: Report, *columns: str
) -> dict[str, NamesRow]:
    if not ids:
        return {}
    id_, short, name = (_usage.c[column] for column in columns)
    last_day = func.max(_usage.c.day).label("last_day")
    statement = (
        select(id_.label("id"), short.label("short"), name.label("name"), last_day)
        .where(is_listed(id_, values=ids), *_list_conditions(report))
        .group_by(id_, short, name)
        .order_by(last_day)
    )
    return {row.id: row for row in session.all(Query(statement, NamesRow))}


def _select_totals(report: Report) -> Select[Any]:
    groups: list[ColumnElement[Any]] = [
        (column if name in report.group_by else null()).label(name)
        for name, column in _COLUMNS.items()
    ]
    totals = (
        cast(func.sum(_usage.c[name]), BigInteger).label(name)
        for name in ("requests", "stories", "bytes")
    )
    return select(
        *groups,
        null().label("story"),
        *totals,
        null().label("first_day"),
        null().label("last_day"),
    ).where(*_list_conditions(report))


def _list_conditions(report: Report) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        _usage.c.day.between(report.first_day, report.last_day)
    ]
    if report.partner_id is not None:
        conditions.append(_usage.c.partner_id == report.partner_id)
    if report.key_id is not None:
        conditions.append(_usage.c.key_id == report.key_id)
    return conditions


def _select_stories(report: Report) -> Select[Any]:
    if not report.can_be_grouped:
        # Without a key in the table, it would have the stories of all partners.
        raise ValueError("This report cannot list stories.")
    own = _receipts.c
    partner = own.partner_id if "partner" in report.group_by else null()
    statement = select(
        null().label("day"),
        partner.label("partner"),
        null().label("key"),
        null().label("route"),
        own.article_id.label("story"),
        null().label("requests"),
        func.count().label("stories"),
        null().label("bytes"),
        func.min(own.first_counted_on).label("first_day"),
        func.max(own.last_counted_on).label("last_day"),
    ).where(own.last_counted_on >= report.first_day, own.first_counted_on <= report.last_day)
    if report.partner_id is not None:
        statement = statement.where(own.partner_id == report.partner_id)
    return statement
