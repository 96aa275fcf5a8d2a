"""The command line: all commands, and the output of failures."""

import sys
from contextlib import suppress

import typer

from app import __version__
from app.cli import (
    backups,
    database_copy,
    demo,
    erasure,
    keys,
    maintenance,
    secret,
    serve,
    transfer,
)
from app.kit.errors import Failure
from app.kit.process.system_errors import describe_os_error

app = typer.Typer(
    name="dateline",
    help="A headless content API for news.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(keys.app, name="keys")
app.add_typer(secret.app, name="secret")
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.command("migrate")(maintenance.migrate)
app.command("import")(transfer.import_)
app.command("export")(transfer.export)
app.command("purge")(erasure.purge)
app.command("erase")(erasure.erase)
app.command("backup")(backups.backup)
app.command("restore")(backups.restore)
app.command("copy")(database_copy.copy)
app.command("rebuild")(maintenance.rebuild)
app.command("reindex")(maintenance.reindex)
app.command("check")(maintenance.check)
app.command("openapi")(maintenance.openapi)


@app.callback(invoke_without_command=True)
def root(
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    """A headless content API for news."""
    if version:
        typer.echo(f"dateline {__version__}")
        raise typer.Exit


def main() -> None:
    """Run a command; print a failure as a sentence, without a traceback, and exit with 1."""
    try:
        app()
    except Failure as failure:
        typer.echo(f"dateline: {failure.detail}", err=True)
        for field in failure.errors:
            if field.detail != failure.detail:
                typer.echo(f"  {field.pointer}: {field.detail}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of the pipe has closed it, which is not an error.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        place = "" if error.filename is None else f"{error.filename}: "
        typer.echo(f"dateline: {place}{describe_os_error(error)}", err=True)
        _drop_output()
        sys.exit(1)


def _drop_output() -> None:
    """Discard output that cannot be written; Python would try again at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        with suppress(OSError):
            sys.stdout.close()
