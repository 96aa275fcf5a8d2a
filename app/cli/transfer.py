"""`dateline import` and `dateline export`: NDJSON from and to files or pipes."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.cli.common import ACTOR, DatabaseUrl, advance, services, show_progress
from app.content.transfer.export import audit_export, count_lines, export_lines
from app.content.transfer.importer import Importer
from app.content.transfer.lines import LineOutcome
from app.kit import json
from app.kit.errors import Failure, Misconfigured
from app.kit.process.atomic_files import replace_file
from app.kit.process.system_errors import describe_os_error


def import_(
    file: Annotated[str, typer.Argument(help="A file of NDJSON, or - for standard input.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check everything and write nothing.")
    ] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Import sources, categories and articles. Doing it twice changes nothing."""
    with services(database_url) as parts, _open(file) as stream:
        importer = Importer(parts.runner, ACTOR, dry_run=dry_run)
        tally = _import(importer, stream, total=_count_lines(file))
    would = "Would have been: " if dry_run else ""
    typer.echo(would + ", ".join(f"{count} {status}" for status, count in tally.items()))
    if tally["refused"]:
        raise typer.Exit(1)


def export(
    file: Annotated[str, typer.Argument(help="A file to write, or - for standard output.")] = "-",
    database_url: DatabaseUrl = None,
) -> None:
    """Export everything as NDJSON that `dateline import` reads back."""
    with services(database_url) as parts:
        audit_export(parts.runner, ACTOR, killed=True)
        with (
            parts.database.read() as session,
            _create(file) as out,
            show_progress("Exporting", count_lines(session)) as bar,
        ):
            for line in export_lines(session, parts.clock.now()):
                out.write(json.dumps(line) + b"\n")
                advance(bar, 1)


def _import(importer: Importer, stream: Iterable[bytes], total: int | None) -> dict[str, int]:
    tally = {"created": 0, "updated": 0, "unchanged": 0, "refused": 0}
    with show_progress("Importing", total) as bar:
        for outcomes in importer.run(stream):
            for outcome in outcomes:
                tally[outcome.status] += 1
                if outcome.error is not None:
                    _print_refusal(outcome)
            advance(bar, len(outcomes))
    return tally


def _print_refusal(outcome: LineOutcome) -> None:
    error = outcome.error
    typer.echo(f"line {outcome.line}: {_describe(error)}", err=True)


def _describe(error: Exception | None) -> str:
    if isinstance(error, Failure):
        fields = "; ".join(f"{field.pointer}: {field.detail}" for field in error.errors)
        return fields or error.detail
    assert isinstance(error, ValidationError)
    return "; ".join(
        f"#/{'/'.join(str(part) for part in found['loc'][1:])}: {_describe_error(found)}"
        for found in error.errors()
    )


def _describe_error(found: ErrorDetails) -> str:
    if found["type"] == "string_pattern_mismatch":
        return "The text does not match the format of the field, or contains U+0000."
    return found["msg"]


@contextmanager
def _open(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as stream:
            yield stream
    except OSError as error:
        raise Misconfigured(f"{file}: {describe_os_error(error)}") from error


@contextmanager
def _create(file: str) -> Iterator[BinaryIO]:
    """Write to a file that gets its name when it is complete."""
    if file == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        with replace_file(Path(file)) as part, part.open("wb") as stream:
            yield stream
    except OSError as error:
        raise Misconfigured(f"{file}: {describe_os_error(error)}") from error


def _count_lines(file: str) -> int | None:
    """Count lines for the progress bar, if it is shown and the input can be read twice."""
    if file == "-" or not sys.stderr.isatty():
        return None
    with Path(file).open("rb") as stream:
        return sum(1 for _ in stream)
