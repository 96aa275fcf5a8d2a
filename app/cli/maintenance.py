"""Maintenance commands: migrate, check, rebuild, reindex, openapi."""

import sys
from contextlib import closing
from functools import partial

import typer

from app.api.app import openapi_document
from app.bootstrap import Services, find_search_path, list_private_paths, open_database
from app.cli.common import DatabaseUrl, advance, require_file, services, show_progress
from app.content.store import count_rows
from app.content.text_computation import compute_text
from app.delivery.consistency import find_inconsistencies
from app.delivery.rebuild import rebuild as rebuild_delivery
from app.kit import json
from app.kit.errors import Misconfigured
from app.kit.process.file_permissions import describe_exposed
from app.kit.sql import migrations
from app.kit.sql.leadership import FileLeadership
from app.partners.flaws import find_agreement_flaws
from app.search.index_updater import IndexUpdater
from app.settings import read_settings

_SHOWN = 50


def migrate(database_url: DatabaseUrl = None) -> None:
    """Bring the database's schema up to date."""
    with closing(open_database(read_settings(database_url=database_url))) as database:
        before = migrations.find_current(database)
        migrations.upgrade(database)
        after = migrations.find_current(database)
    typer.echo(
        f"The schema is at {after} already."
        if before == after
        else f"Migrated from {before or 'nothing'} to {after}."
    )


def check(database_url: DatabaseUrl = None) -> None:
    """Check configuration, database, log, documents and index; exit 0 when all is sound."""
    with closing(open_database(read_settings(database_url=database_url))) as database:
        require_file(database)
        migrations.check(database)
    found = 0
    with services(database_url) as parts:
        for detail in _find_problems(parts):
            found += 1
            if found <= _SHOWN:
                typer.echo(detail, err=True)
    if found:
        typer.echo(
            f"{found} thing(s) are wrong. `dateline rebuild` repairs documents, "
            "`dateline reindex` the index.",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo("Sound: configuration, database, migrations, log, documents and index agree.")


def rebuild(database_url: DatabaseUrl = None) -> None:
    """Make documents anew where they differ from what is published; works while serving."""
    with services(database_url) as parts:
        with parts.database.read() as session:
            total = count_rows(session, "article")
        looked, mended = 0, 0
        with show_progress("Rebuilding", total) as bar:
            for now_looked, mended in rebuild_delivery(parts.runner):  # noqa: B007 - told after the loop
                advance(bar, now_looked - looked)
                looked = now_looked
    typer.echo(f"Looked at {looked} article(s), mended {mended}.")


def reindex(database_url: DatabaseUrl = None) -> None:
    """Build the search index anew; while serving, the old one answers until it is done."""
    with services(database_url) as parts:
        indexed = build_index(parts)
    typer.echo(f"Indexed {indexed} stories.")


def build_index(parts: Services) -> int:
    """Rebuild the index of this machine, and count its stories."""
    lock = FileLeadership(f"{find_search_path(parts.settings, parts.database)}.rebuild")
    if not lock.try_acquire():
        raise Misconfigured("The index is being built anew already, or cannot be written to.")
    indexed = 0
    with show_progress("Indexing", parts.search.total()) as bar:
        for now_indexed in IndexUpdater(parts.index, parts.delivery).rebuild():
            advance(bar, now_indexed - indexed)
            indexed = now_indexed
    lock.release()
    return indexed


def openapi() -> None:
    """Print the OpenAPI document."""
    sys.stdout.buffer.write(json.dumps(openapi_document()) + b"\n")


def _find_problems(parts: Services) -> list[str]:
    found = [
        f"permissions: {line}"
        for line in describe_exposed(list_private_paths(parts.settings, parts.database))
    ]
    found += [f"database: {line}" for line in parts.database.find_integrity_errors()]
    with parts.database.read() as session:
        total = count_rows(session, "article")
        with show_progress("Checking", total) as bar:
            text_of = partial(compute_text, frames=parts.runner.options)
            found += find_agreement_flaws(session, parts.anonymous.product)
            for flaw in find_inconsistencies(session, parts.clock.now(), text_of):
                found.append(f"{flaw.id}: {flaw.detail}")
                advance(bar, 1)
    found += parts.push.flaws()
    if parts.sign_in is not None:
        found += [f"sign-in: {line}" for line in parts.sign_in.find_flaws()]
    if parts.purging is not None:
        found += parts.purging.flaws(parts.clock.now())
    return found + [f"index: {line}" for line in parts.search.flaws()]
