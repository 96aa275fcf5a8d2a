"""`dateline serve` and `dateline worker`."""

import signal
import sys
import threading
from contextlib import closing
from typing import Annotated

import typer
import uvicorn

from app.api.app import create_app
from app.api.edge.protocol import Protocol
from app.bootstrap import bootstrap, open_database, prepare_database
from app.cli.common import DatabaseUrl
from app.kit.environment import export_settings
from app.kit.log import configure_logging
from app.kit.signals import block_in_children
from app.settings import Settings, read_settings
from app.worker import Worker

# A process that does not answer its supervisor for so long is replaced. It is not to happen to
# one that only takes its time to start, on a machine with much to do.
_START_SECONDS = 30


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="How many processes serve.")] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Serve the API; an embedded database is migrated first."""
    settings = read_settings(host=host, port=port, workers=workers, database_url=database_url)
    run_server(settings)


def worker(database_url: DatabaseUrl = None) -> None:
    """Run the background loops alone, until told to stop."""
    settings = read_settings(database_url=database_url)
    configure_logging(settings.log_level, settings.log_format)
    with closing(open_database(settings)) as database:
        prepare_database(database)
        services = bootstrap(settings, database=database)
        # Nobody is served, but feeds that are pushed are read as readers read them.
        create_app(services)
        loops = Worker(services)
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        loops.start()
        typer.echo("The worker runs. End it with Ctrl-C.", err=True)
        stopped.wait()
        loops.stop()


def run_server(settings: Settings) -> None:
    """Serve with settings until told to stop."""
    # Fail here, in a sentence, rather than in each process that the server starts.
    with closing(open_database(settings)) as database:
        prepare_database(database)
    # The process that only watches over others has something to say, too: that one died.
    configure_logging(settings.log_level, settings.log_format)
    export_settings("DATELINE_", settings.variables())
    _exit_on_signals()
    if settings.workers > 1:
        block_in_children(signal.SIGINT)
    uvicorn.run(
        "app.main:app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="auto",
        http=Protocol,
        ws="none",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=10,
        timeout_worker_healthcheck=_START_SECONDS,
    )


def _exit_on_signals() -> None:
    """Exit with status 0 on SIGTERM, and stop the server when the terminal is closed.

    While uvicorn serves, its own handler of SIGTERM lets running requests finish first.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # `nohup` ignores SIGHUP; that stays.
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
