"""`dateline demo`: sample stories, an editor's key, and a served API in one command."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from app.access.commands.create_key import create_key
from app.bootstrap import Services, bootstrap, open_database, prepare_database
from app.cli.common import ACTOR
from app.cli.serve import run_server
from app.content.store import count_of
from app.content.transfer.importing import Importer
from app.kit.errors import Misconfigured
from app.settings import read_settings

_SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "stories.ndjson"


def demo(
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    file: Annotated[
        Path, typer.Option(help="The database file; kept from one demo to the next.")
    ] = Path("dateline-demo.db"),
) -> None:
    """Serve sample stories from an embedded database, with an editor's key."""
    settings = read_settings(database_url=f"sqlite:///{file}", host="127.0.0.1", port=port)
    with closing(open_database(settings)) as database:
        prepare_database(database)
        services = bootstrap(settings, database=database)
        stories = _fill(services)
        key = services.runner.run(ACTOR, lambda unit: create_key(unit, "demo editor", ["admin"]))
    address = f"http://127.0.0.1:{settings.port}"
    typer.echo(
        f"Dateline serves {stories} sample articles at {address}\n\n"
        f"  headlines   curl '{address}/v1/headlines?limit=3'\n"
        f"  reference   {address}/docs\n"
        f"  your key    {key.key}\n\n"
        "The key may do everything and is shown this once. End the demo with Ctrl-C."
    )
    run_server(settings)


def _fill(services: Services) -> int:
    """Import the samples; a second demo on the same file finds them there."""
    if not _SAMPLES.exists():
        raise Misconfigured(f"The sample stories are missing: {_SAMPLES}.")
    with _SAMPLES.open("rb") as lines:
        for _ in Importer(services.runner, ACTOR).run(lines):
            pass
    with services.database.read() as session:
        return count_of(session, "article")
