"""`dateline keys leaked`: revoke a key that others may have, and list what it did and read."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from app.access import queries
from app.access.audit import load_audit_page
from app.access.commands.revoke_key import revoke_key
from app.access.store.audit_log import AuditFilter
from app.cli.common import ACTOR, DatabaseUrl, KeyRef, print_table, services
from app.kit.clock import parse_instant_or_date
from app.kit.errors import Misconfigured
from app.kit.quoting import quote_text
from app.kit.sql.database import Database
from app.kit.sql.session import ReadSession
from app.partners.store.usage_reports import Report
from app.partners.usage_reports import list_cells

_PAGE = 1000
_COLUMNS = ("at", "address", "verb", "type", "subject")
_USAGE_COLUMNS = ("day", "route", "requests", "stories", "bytes")
# Objects that give access or send stories, and do not end with the key.
_LASTING = {"key", "feed_token", "webhook", "preview"}


def report_leak(
    ref: KeyRef,
    since: Annotated[
        str | None, typer.Option(help="List what it did and read since then, such as 2026-11-01.")
    ] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Revoke a key, end its connections, and list what was done and read with it."""
    start = None if since is None else _parse_since(since)
    with services(database_url) as parts:
        parts.runner.run(ACTOR, lambda unit: revoke_key(unit, ref))
        with parts.database.read() as session:
            key = queries.load_key(session, ref)
            actions = list(_load_actions(session, key["id"], start))
        usage = _load_usage(parts.database, key["id"], start)
    _print_key(key)
    _print_usage(usage, start)
    _print_actions(actions, start)


def _load_actions(
    session: ReadSession, key_id: str, start: datetime | None
) -> Iterator[dict[str, Any]]:
    """Yield the entries of the audit log by a key, the newest first."""
    filters, position = AuditFilter(key=key_id, since=start), None
    while True:
        page = load_audit_page(session, filters, _PAGE, position, backwards=False)
        yield from page.items
        if page.after is None:
            return
        position = page.after[0]


def _load_usage(database: Database, key_id: str, start: datetime | None) -> list[list[str]]:
    """Return the usage of a key by day and route; clocks of servers may be ahead of this one."""
    first_day = date.min if start is None else start.date()
    report = Report(first_day.isoformat(), date.max.isoformat(), ("day", "route"), key_id=key_id)
    names, *rows = list_cells(database, report)
    places = [names.index(name) for name in _USAGE_COLUMNS]
    return [[str(row[place]) for place in places] for row in rows]


def _print_key(key: dict[str, Any]) -> None:
    used = "It was never used."
    if key["last_used_at"] is not None:
        address = key["last_used_from"] or "an unknown address"
        used = f"It was last used at {key['last_used_at']} from {address}."
    typer.echo(
        f"The key {key['prefix']}… ({key['name']}) is revoked since {key['revoked_at']}; its "
        f"connections end within seconds.\nIts scopes: {' '.join(key['scopes'])}. {used}"
    )


def _print_usage(rows: list[list[str]], start: datetime | None) -> None:
    when = "" if start is None else f" since {start:%Y-%m-%d}"
    if not rows:
        typer.echo(f"No requests with it were counted{when}.")
        return
    typer.echo(f"What was requested with it{when}, by day (UTC):")
    _print_table(_USAGE_COLUMNS, rows)


def _print_actions(actions: list[dict[str, Any]], start: datetime | None) -> None:
    when = "" if start is None else f" since {start:%Y-%m-%dT%H:%M:%SZ}"
    if not actions:
        typer.echo(f"The audit log has nothing that was done with it{when}.")
        return
    typer.echo(f"What was done with it{when}, the newest first:")
    _print_table(_COLUMNS, ([str(action[name] or "–") for name in _COLUMNS] for action in actions))
    # A rotation is recorded twice: the new key was created, and the old one rotated to it.
    lasting = dict.fromkeys(
        f"{action['type']} {_find_made(action)}"
        for action in actions
        if action["type"] in _LASTING and action["verb"] in {"created", "rotated"}
    )
    if lasting:
        typer.echo(f"It made these, which stay valid; revoke or rotate them: {', '.join(lasting)}.")


def _print_table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    table = Table(*columns)
    for row in rows:
        table.add_row(*row)
    print_table(table)


def _find_made(action: dict[str, Any]) -> str:
    """Return the id of the object that an action created; for a rotated key, the new key."""
    return str((action["after"] or {}).get("rotated_to") or action["subject"])


def _parse_since(text: str) -> datetime:
    try:
        return parse_instant_or_date(text)
    except ValueError as error:
        raise Misconfigured(
            f"--since: {quote_text(text)} is not a day or an instant. Examples: "
            "--since 2026-11-01 (from 00:00 UTC), --since 2026-11-01T09:30:00Z."
        ) from error
