"""An application behind uvicorn, on a port of its own, in a thread."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn


@contextmanager
def served(app: Any, protocol: Any, **more: Any) -> Iterator[uvicorn.Server]:
    """Serve an application as the product is served, but for what `more` says otherwise."""
    config = uvicorn.Config(
        app,
        port=0,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        # What stands between has nothing at hand.
        **{"proxy_headers": False, **more},
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join()


def port_of(server: uvicorn.Server) -> int:
    """Return where a server listens."""
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port
