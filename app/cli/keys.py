"""`dateline keys`: create, list and revoke API keys."""

import sys
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Column, Table

from app.access import queries
from app.access.commands.create_key import create_key
from app.access.commands.revoke_key import revoke_key
from app.access.inputs import KeyInput
from app.cli.common import ACTOR, DatabaseUrl, services
from app.kit.clock import parse_instant
from app.kit.errors import Misconfigured
from app.partners.editing import find_partner_id

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
_SCOPES = ("read", "write", "publish", "admin", "webhooks")
_PAGE = 1000
_WIDE = 1000
_HEADERS = ("name", "scopes", "created", "expires", "last used", "revoked")


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who the key is for.")],
    scope: Annotated[
        list[str],
        typer.Option(
            help="read, write, publish or admin; each includes those before. For a partner: read "
            "or webhooks."
        ),
    ],
    expires_at: Annotated[
        str | None, typer.Option(help="When it ends, such as 2027-01-01T00:00:00Z.")
    ] = None,
    embargoed: Annotated[
        bool, typer.Option("--embargoed", help="Let it read what is under embargo.")
    ] = False,
    partner: Annotated[
        str | None, typer.Option(help="The id or slug of the partner that the key belongs to.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the key alone.")] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Make a key. It is shown once and stored nowhere."""
    unknown = sorted(set(scope) - set(_SCOPES))
    if unknown:
        raise Misconfigured(f"There is no scope {unknown[0]!r}. Choose from {', '.join(_SCOPES)}.")
    written = _parse_input(name, scope, expires_at)
    with services(database_url) as parts:
        made = parts.runner.run(
            ACTOR,
            lambda unit: create_key(
                unit,
                written.name,
                list(written.scopes),
                written.expires_at,
                embargoed=embargoed,
                partner_id=find_partner_id(unit, partner),
            ),
        )
    typer.echo(made.key if quiet else f"Key {made.id}, shown this once:\n{made.key}")


@app.command("list")
def list_(database_url: DatabaseUrl = None) -> None:
    """List keys, revoked ones included."""
    table = Table(Column("prefix", no_wrap=True))
    for header in _HEADERS:
        table.add_column(header, overflow="fold")
    with services(database_url) as parts, parts.database.read() as session:
        position = None
        while True:
            page = queries.load_key_page(session, _PAGE, position, backwards=False)
            for key in page.items:
                table.add_row(*_build_cells(key))
            if page.after is None:
                break
            position = page.after[0]
    # A pipe has no width, and a truncated prefix is useless.
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)


@app.command()
def revoke(
    ref: Annotated[str, typer.Argument(help="The id or prefix of a key.")],
    database_url: DatabaseUrl = None,
) -> None:
    """Revoke a key at once and for ever."""
    with services(database_url) as parts:
        parts.runner.run(ACTOR, lambda unit: revoke_key(unit, ref))
    typer.echo(f"Revoked {ref}.")


def _parse_input(name: str, scope: list[str], expires_at: str | None) -> KeyInput:
    fields = {"name": name, "scopes": sorted(set(scope)), "expires_at": _parse_instant(expires_at)}
    try:
        return KeyInput.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        raise Misconfigured(f"--{first['loc'][0]}: {first['msg']}.") from error


def _build_cells(key: dict[str, object]) -> list[str]:
    scopes = key["scopes"]
    assert isinstance(scopes, list)
    instants = ("created_at", "expires_at", "last_used_at", "revoked_at")
    shown = [str(key[name] or "–") for name in instants]
    return [str(key["prefix"]), str(key["name"]), " ".join(scopes), *shown]


def _parse_instant(text: str | None) -> object:
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Misconfigured(f"--expires-at: {error}.") from error
