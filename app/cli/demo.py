"""`dateline demo`: serves sample stories, with an editor's key."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from app.access.commands.create_key import create_key
from app.access.commands.revoke_key import revoke_key
from app.bootstrap import Services
from app.cli.common import ACTOR, services
from app.cli.serve import run_server
from app.cli.server_process import check_address
from app.content.store import count_rows
from app.content.transfer.importer import Importer
from app.kit.errors import Failure, Misconfigured
from app.kit.process import shutdown_signals
from app.settings import read_settings

_SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "stories.ndjson"
# A demo that is killed with SIGKILL cannot revoke its key.
_KEY_LASTS = timedelta(days=1)


def demo(
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    file: Annotated[
        Path, typer.Option(help="The database file; kept from one demo to the next.")
    ] = Path("dateline-demo.db"),
) -> None:
    """Serve sample stories from an embedded database, with an editor's key."""
    settings = read_settings(database_url=f"sqlite:///{file}", host="127.0.0.1", port=port)
    check_address(settings.host, settings.port)
    with services(settings.database_url) as parts:
        if _is_empty(parts):
            _import_samples(parts)
        stories = parts.search.total()
        key = parts.runner.run(
            ACTOR, lambda unit: create_key(unit, "demo editor", ["admin"], unit.now + _KEY_LASTS)
        )

    def revoke() -> None:
        with suppress(Failure), services(settings.database_url) as parts:
            parts.runner.run(ACTOR, lambda unit: revoke_key(unit, key.id))

    address = f"http://127.0.0.1:{settings.port}"
    with shutdown_signals.cleanup(revoke):
        typer.echo(
            f"Dateline serves {stories} sample stories at {address}\n\n"
            f"  headlines   curl '{address}/v1/headlines?limit=3'\n"
            f"  reference   {address}/docs\n"
            f"  your key    {key.key}\n\n"
            "The key may do everything. It is shown this once, and ends with the demo, after a day "
            "at the latest.\nEnd the demo with Ctrl-C."
        )
        try:
            run_server(settings)
        finally:
            revoke()


def _is_empty(parts: Services) -> bool:
    with parts.database.read() as session:
        return not any(count_rows(session, type_) for type_ in ("article", "source", "category"))


def _import_samples(parts: Services) -> None:
    if not _SAMPLES.exists():
        raise Misconfigured(f"The sample stories are missing: {_SAMPLES}.")
    with _SAMPLES.open("rb") as lines:
        # In one transaction, so that an interrupted demo starts again.
        Importer(parts.runner, ACTOR).run_batch(list(enumerate(lines, 1)))
