"""The process at the desk: `python -m app.desk FD`, begun by `dateline serve`.

It answers what may change something, and runs the background loops, on the listening socket FD.
It ends when it is told to, or when its standard input does: with whoever began it. On its standard
output it shows that it lives.
"""

import asyncio
import logging
import signal
import socket
import sys

from app.api.app import create_app
from app.api.desk.answering import Answering
from app.bootstrap import Services
from app.kit.errors import Failure
from app.kit.parent import end_with_input, show_life
from app.main import beside, opened


def main() -> int:
    """Answer until told to stop; what is in the way is told in a sentence."""
    # Until it answers there is nothing to finish: whoever tells it to end is obeyed at once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    end_with_input()
    listening = socket.socket(fileno=int(sys.argv[1]))
    try:
        services = opened()
    except Failure as failure:
        logging.getLogger("dateline").error("the desk cannot begin: %s", failure.detail)
        return 1
    asyncio.run(_serve(services, listening))
    return 0


async def _serve(services: Services, listening: socket.socket) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    app = create_app(services)
    async with beside(services):
        life = asyncio.create_task(show_life())
        await Answering(app).serve(listening, stopped)
        life.cancel()


if __name__ == "__main__":
    sys.exit(main())
