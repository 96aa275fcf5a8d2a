"""`dateline keys`: create, list, rotate and revoke API keys."""

from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.table import Column, Table

from app.access import queries
from app.access.commands.create_key import CreatedKey, create_key
from app.access.commands.revoke_key import revoke_key
from app.access.commands.rotate_key import rotate_key
from app.access.inputs import KeyInput, RotateKeyInput
from app.access.keys import choose_default_end
from app.api.http.validation import field_error
from app.bootstrap import Services
from app.cli.common import ACTOR, DatabaseUrl, KeyRef, print_table, services
from app.cli.leaked_keys import report_leak
from app.kit.clock import parse_instant
from app.kit.errors import Misconfigured
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners.editing import find_partner_id

app = typer.Typer(help="Create, list, rotate and revoke API keys.", no_args_is_help=True)
app.command("leaked")(report_leak)
_SCOPES = ("read", "write", "publish", "admin", "webhooks")
_PAGE = 1000
_HEADERS = ("name", "scopes", "bound to", "created", "expires", "last used", "from", "revoked")
_NEVER = "never"
# Fields whose options have another name.
_OPTIONS = {"networks": "only-from", "origins": "only-from", "scopes": "scope"}


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Who the key is for.")],
    scope: Annotated[
        list[str],
        typer.Option(
            help="read, write, publish or admin; each includes those before it. For a partner: "
            "read or webhooks."
        ),
    ],
    expires_at: Annotated[
        str | None, typer.Option(help="When it ends, such as 2027-01-01T00:00:00Z, or never.")
    ] = None,
    only_from: Annotated[
        list[str] | None,
        typer.Option(
            help="Where it may be used: a network (203.0.113.0/24), or for browsers an origin "
            "(https://www.example.com)."
        ),
    ] = None,
    embargoed: Annotated[
        bool, typer.Option("--embargoed", help="Allow reading stories under embargo.")
    ] = False,
    partner: Annotated[
        str | None, typer.Option(help="The id or slug of the partner that the key belongs to.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the key alone.")] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Create a key. It is shown once and is not stored."""
    unknown = sorted(set(scope) - set(_SCOPES))
    if unknown:
        raise Misconfigured(f"There is no scope {unknown[0]!r}. Choose from {', '.join(_SCOPES)}.")
    written = _parse_input(name, scope, expires_at, only_from or [])

    def act(unit: UnitOfWork) -> CreatedKey:
        partner_id, end = find_partner_id(unit, partner), written.expires_at
        if expires_at is None:
            end = choose_default_end(written.scopes, partner_id, unit.now, parts.settings.key_days)
        return create_key(
            unit,
            written.name,
            list(written.scopes),
            end,
            embargoed=embargoed,
            partner_id=partner_id,
            networks=written.networks,
            origins=written.origins,
        )

    with services(database_url) as parts:
        _print_key(parts, parts.runner.run(ACTOR, act), quiet=quiet)


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
    print_table(table)


@app.command()
def rotate(
    ref: KeyRef,
    overlap_minutes: Annotated[
        int, typer.Option(min=0, max=43_200, help="How long the previous key stays valid.")
    ] = RotateKeyInput().overlap_minutes,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the key alone.")] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Create a key with the same name and rights; the previous key ends after the overlap."""
    with services(database_url) as parts:
        created = parts.runner.run(ACTOR, lambda unit: rotate_key(unit, ref, overlap_minutes))
        _print_key(parts, created, quiet=quiet)


@app.command()
def revoke(
    ref: KeyRef,
    database_url: DatabaseUrl = None,
) -> None:
    """Revoke a key immediately and permanently."""
    with services(database_url) as parts:
        parts.runner.run(ACTOR, lambda unit: revoke_key(unit, ref))
    typer.echo(f"Revoked {ref}.")


def _print_key(parts: Services, created: CreatedKey, *, quiet: bool) -> None:
    if quiet:
        typer.echo(created.key)
        return
    with parts.database.read() as session:
        expires_at = queries.load_key(session, created.id)["expires_at"]
    lasts = "It does not expire." if expires_at is None else f"It expires at {expires_at}."
    typer.echo(f"Key {created.id}, shown this once. {lasts}\n{created.key}")


def _parse_input(
    name: str, scope: list[str], expires_at: str | None, places: list[str]
) -> KeyInput:
    fields: dict[str, Any] = {
        "name": name,
        "scopes": sorted(set(scope)),
        "expires_at": None if expires_at == _NEVER else _parse_instant(expires_at),
        "networks": [place for place in places if "://" not in place],
        "origins": [place for place in places if "://" in place],
    }
    try:
        return KeyInput.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        option = _OPTIONS.get(str(first["loc"][0]), first["loc"][0])
        raise Misconfigured(f"--{option}: {field_error(first, ()).detail}") from error


def _build_cells(key: dict[str, Any]) -> list[str]:
    bound = " ".join([*key["networks"], *key["origins"]])
    columns = ("created_at", "expires_at", "last_used_at", "last_used_from", "revoked_at")
    shown = [bound or "–", *(str(key[name] or "–") for name in columns)]
    return [key["prefix"], key["name"], " ".join(key["scopes"]), *shown]


def _parse_instant(text: str | None) -> object:
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Misconfigured(f"--expires-at: {error}.") from error
