"""`dateline`: the same verbs as HTTP, and the care of a deployment, from a shell."""

import sys

from app.kit.process import shutdown_signals

# Commands that end successfully when they are stopped; others are interrupted.
_SERVERS = {"demo", "serve", "worker"}


def main() -> None:
    """Run the command line; signals are handled from here on."""
    shutdown_signals.install(0 if _SERVERS & set(sys.argv[1:2]) else None)
    # This import takes most of the start time.
    from app.cli.main import main as run  # noqa: PLC0415

    run()
