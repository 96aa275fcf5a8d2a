"""The ASGI application, for any ASGI server: `uvicorn app.main:app --factory`."""

from starlette.concurrency import run_in_threadpool

from app.api.app import create_app
from app.api.edge.asgi import App, Message, Receive, Scope, Send
from app.bootstrap import Services, bootstrap, open_database, prepare_database
from app.kit.log import configure_logging
from app.settings import read_settings
from app.worker import Indexer, Worker


def app() -> App:
    """Return the application on the database of the settings, with its loops beside it."""
    settings = read_settings()
    configure_logging(settings.log_level, settings.log_format)
    database = open_database(settings)
    prepare_database(database)
    services = bootstrap(settings, database=database)
    return Whole(create_app(services), services)


class Whole:
    """The application together with its background loops and its database."""

    def __init__(self, inside: App, services: Services) -> None:
        """Start and stop the loops with the server."""
        self._inside = inside
        self._services = services
        self._loops = (Worker(services), Indexer(services))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on; look at the beginning and the end."""
        if scope["type"] != "lifespan":
            await self._inside(scope, receive, send)
            return

        async def watched(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                self._services.watch.listen()
                for loop in self._loops:
                    loop.start()
            elif message["type"] == "lifespan.shutdown.complete":
                for loop in self._loops:
                    await run_in_threadpool(loop.stop)
                self._services.close()
            await send(message)

        await self._inside(scope, receive, watched)
