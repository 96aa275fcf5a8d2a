"""`dateline`: the same verbs as HTTP, and the care of a deployment, from a shell."""

import sys

# What a shell reports of a command that Ctrl-C ended: 128 and the number of the signal.
_INTERRUPTED = 130


def main() -> None:
    """Run the command line; whoever presses Ctrl-C, however early, is spared a traceback."""
    try:
        # Most of the time before a command begins goes into this line.
        from app.cli.main import main as run  # noqa: PLC0415

        run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
