"""`dateline`: the same verbs as HTTP, and the care of a deployment, from a shell."""

import sys

from app.kit.process import shutdown_signals

# Told to stop, these have done what they are for; others have not finished their work.
_SERVERS = {"demo", "serve", "worker"}


def main() -> None:
    """Run the command line; signals are obeyed from here on."""
    shutdown_signals.install(0 if _SERVERS & set(sys.argv[1:2]) else None)
    # Most of the time before a command begins goes into this line.
    from app.cli.main import main as run  # noqa: PLC0415

    run()
