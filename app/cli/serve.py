"""`dateline serve` and `dateline worker`."""

import signal
import threading
from contextlib import closing
from functools import partial
from typing import Annotated

import typer
import uvicorn

from app.api.cache.pushed_feeds import read_feed
from app.api.monitoring.redaction import hide_secrets
from app.bootstrap import bootstrap, open_database, prepare_database
from app.cli.common import DatabaseUrl
from app.cli.server_process import FORCE_SECONDS, GRACE_SECONDS, Server, check_address
from app.cli.supervisor import Supervisor
from app.kit.process import shutdown_signals
from app.kit.process.child_signals import block_in_children
from app.kit.process.environment import export_settings
from app.kit.process.log import configure_logging
from app.server.protocol import HttpProtocol
from app.settings import Settings, read_settings
from app.worker import Worker


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
    configure_logging(settings.log_level, settings.log_format, hide_secrets)
    with closing(open_database(settings)) as database:
        prepare_database(database)
        services = bootstrap(settings, database=database)
        services.push.set_feed_reader(partial(read_feed, services))
        loops = Worker(services)
        stopped = threading.Event()

        def stop(_number: int) -> float:
            stopped.set()
            return FORCE_SECONDS

        shutdown_signals.set_action(stop)
        services.watch.listen()
        typer.echo("The worker runs. End it with Ctrl-C.", err=True)
        loops.start()
        stopped.wait()
        loops.stop()


def run_server(settings: Settings) -> None:
    """Serve with settings until told to stop."""
    # Fail here with one sentence, not in each process that the server starts.
    check_address(settings.host, settings.port)
    if settings.operations_port is not None:
        check_address(settings.operations_host or settings.host, settings.operations_port)
    with closing(open_database(settings)) as database:
        prepare_database(database)
    # The supervisor logs, too: when a process died.
    configure_logging(settings.log_level, settings.log_format, hide_secrets)
    export_settings("DATELINE_", settings.to_variables())
    config = _build_config(settings)
    if settings.workers > 1:
        block_in_children(signal.SIGINT)
        Supervisor(config, settings.drain_seconds).run()
    else:
        Server(config, settings.drain_seconds).run()


def _build_config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        "app.main:app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="auto",
        http=HttpProtocol,
        ws="none",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
