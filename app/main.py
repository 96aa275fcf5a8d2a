"""The ASGI application, for any ASGI server: `uvicorn app.main:app --factory`."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from app.api.app import create_app
from app.api.http.asgi import App
from app.api.monitoring.redaction import hide_secrets
from app.api.operator_port import OperatorApp, serve_operators
from app.bootstrap import Services, bootstrap, open_database, prepare_database
from app.kit.process.garbage_collection import leave_out_present_objects
from app.kit.process.heap import return_large_blocks
from app.kit.process.log import configure_logging
from app.kit.process.open_file_limit import raise_open_file_limit
from app.kit.process.parent_process import end_with_parent
from app.settings import Settings, read_settings
from app.telemetry.configuration import is_tracing_configured
from app.worker import Indexer, Worker

# The GIL switch interval in seconds. A writer needs the GIL again after every statement, and the
# event loop's thread does not release it by itself.
_SWITCH_INTERVAL = 0.0001


def app() -> App:
    """Return the application on the database of the settings, with its background loops."""
    end_with_parent()
    raise_open_file_limit()
    return_large_blocks()
    sys.setswitchinterval(_SWITCH_INTERVAL)
    settings = read_settings()
    configure_logging(settings.log_level, settings.log_format, hide_secrets)
    if is_tracing_configured():
        return _create_traced_app(settings)
    database = open_database(settings)
    prepare_database(database)
    services = bootstrap(settings, database=database)
    # The loops run in the lifespan of the application: a wrapper would cost time for every answer.
    return create_app(services, lambda inside: _run_loops(services, inside.state.operations))


def _create_traced_app(settings: Settings) -> App:
    """Return the application with tracing."""
    # Imported only if tracing is configured.
    from app.telemetry.requests import TracedRequestLog  # noqa: PLC0415
    from app.telemetry.tracing import start_tracing  # noqa: PLC0415

    tracing = start_tracing()
    instruments = tracing.instruments
    database = open_database(settings, instruments)
    prepare_database(database)
    services = bootstrap(settings, database=database, instruments=instruments)

    @asynccontextmanager
    async def lifespan(inside: FastAPI) -> AsyncIterator[None]:
        async with _run_loops(services, inside.state.operations):
            yield
        await run_in_threadpool(tracing.close)

    return tracing.wrap(create_app(services, lifespan, TracedRequestLog))


@asynccontextmanager
async def _run_loops(services: Services, operations: OperatorApp) -> AsyncIterator[None]:
    """Run the background loops, and listen for writes of other processes, while serving."""
    running = (Worker(services), Indexer(services))
    services.watch.listen()
    for loop in running:
        loop.start()
    settings = services.settings
    async with AsyncExitStack() as stack:
        if settings.operations_port is not None:
            host = settings.operations_host or settings.host
            await stack.enter_async_context(
                serve_operators(operations, host, settings.operations_port)
            )
        leave_out_present_objects()
        # The server cancels this after a second signal; the loops have to stop all the same.
        with suppress(asyncio.CancelledError):
            yield
    for loop in running:
        await run_in_threadpool(loop.stop)
    services.close()
