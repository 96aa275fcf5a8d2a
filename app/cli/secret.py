"""`dateline secret`: the secret in the database, which signs cursors and links of previews."""

from functools import partial
from typing import Annotated

import typer

from app.access.signing_secrets import rotate_signing_secret
from app.cli.common import ACTOR, DatabaseUrl, services
from app.kit.errors import Misconfigured

app = typer.Typer(help="Rotate the secret that signs cursors and links.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Rotate the secret that signs cursors and links."""


@app.command()
def rotate(
    forget: Annotated[
        bool, typer.Option("--forget", help="Refuse what the previous secret has signed.")
    ] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Replace the secret in the database; running processes use it after a restart."""
    with services(database_url) as parts:
        if parts.settings.secret_key is not None:
            raise Misconfigured(
                "DATELINE_SECRET_KEY signs, not the secret in the database. Set another value, and "
                "the present one as DATELINE_SECRET_KEY_OLD."
            )
        parts.runner.run(ACTOR, partial(rotate_signing_secret, forget=forget))
    typer.echo("The secret was replaced. Restart all processes of this database now.")
