"""Server processes in sequence, each a fork of this one, which makes a start cheap.

`python -m tests.faults.server_row PORT` starts a server for each line that it reads, prints its
process id, and prints when it has ended. The settings come from the environment, as always.
"""

import os
import signal
import sys

import uvicorn

import app.main  # noqa: F401  (what a fork need not import again)
from app.api.app import openapi_document
from app.kit.http_client import HttpClient
from app.kit.sql.migrations import find_head
from app.server.protocol import HttpProtocol

# A server that is never stopped, because the test itself was killed, stops by itself.
_LONGEST = 300


def main() -> None:
    port = int(sys.argv[1])
    _prepare()
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            _serve(port)
        _tell(str(child))
        os.waitpid(child, 0)
        _tell("ended")


def _prepare() -> None:
    """Do the work once that each server would repeat: routes, migrations, trusted certificates."""
    openapi_document()
    find_head()
    HttpClient("dateline")


def _serve(port: int) -> None:
    signal.alarm(_LONGEST)
    os.close(0)
    uvicorn.run(
        "app.main:app",
        factory=True,
        port=port,
        http=HttpProtocol,
        ws="none",
        access_log=False,
        proxy_headers=False,
        log_config=None,
    )
    os._exit(0)


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
