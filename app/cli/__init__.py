"""`dateline`: the same verbs as HTTP, and the care of a deployment, from a shell."""

from app.cli.main import main

__all__ = ["main"]
