"""`dateline purge` and `dateline erase`: permanent removal of stories and names."""

from functools import partial
from typing import Annotated

import typer

from app.bootstrap import Services, find_search_path
from app.cli.common import ACTOR, DatabaseUrl, advance, services, show_progress
from app.cli.maintenance import build_index
from app.content.commands.erase_article import erase_article
from app.content.commands.erase_name import erase_name
from app.content.commands.purge_article import purge_article
from app.content.name_pattern import NamePattern
from app.content.store import count_rows
from app.kit.errors import Misconfigured
from app.kit.sql.text_rewrite import find_tables_with, rewrite
from app.kit.sql.vacuum import overwrite_deleted

# Tables that contain names, in addition to stories. Editors change the others, such as sources.
_REWRITTEN = (
    "changes embargoed_changes withdrawn audit deliveries kept_answers people usage".split()
)


def purge(
    ref: Annotated[str, typer.Argument(help="The id or slug of a deleted story.")],
    database_url: DatabaseUrl = None,
) -> None:
    """Remove a deleted story with its revisions and previews; nothing brings it back."""
    with services(database_url) as parts:
        parts.runner.run(ACTOR, partial(purge_article, ref=ref, expected=None))
    typer.echo(f"Purged {ref}.")


def erase(
    ref: Annotated[str | None, typer.Argument(help="The id or slug of a story.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="A person's name instead.")] = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Remove a story, whatever its state, or a person's name, and every trace of it."""
    if (ref is None) == (name is None):
        raise Misconfigured("Name a story to erase, or a person with --name.")
    with services(database_url) as parts:
        done = _erase_story(parts, ref) if ref is not None else _erase_name(parts, name or "")
        is_clean = _overwrite_deleted(parts)
        remaining = _describe_remains(parts, name)
    typer.echo(f"{done} Backups keep it until they are deleted.")
    if remaining:
        typer.echo(
            f"The name, or a slug or address made of it, still stands in {remaining}.", err=True
        )
    if not is_clean:
        typer.echo(
            "Readers kept the write-ahead log open, so its former pages are still in that file "
            "for a while.",
            err=True,
        )


def _erase_story(parts: Services, ref: str) -> str:
    article = parts.runner.run(ACTOR, partial(erase_article, ref=ref))
    return f"Erased {article.id}."


def _erase_name(parts: Services, text: str) -> str:
    name, last, changed = NamePattern(text), "", 0
    with parts.database.read() as session:
        total = count_rows(session, "article")
    with show_progress("Erasing", total) as bar:
        while (done := parts.runner.run(ACTOR, partial(erase_name, name=name, after=last))).checked:
            last, changed = done.last, changed + done.changed
            advance(bar, done.checked)
    with parts.database.write() as session:
        rows = rewrite(session, _REWRITTEN, name.erase)
    return f"Erased the name from {changed} stories and {rows} other rows."


def _describe_remains(parts: Services, name: str | None) -> str:
    """Return the tables that still contain a name."""
    if name is None:
        return ""
    with parts.database.read() as session:
        found = find_tables_with(session, NamePattern(name).is_in)
        return ", ".join(f"{table} ({count})" for table, count in found)


def _overwrite_deleted(parts: Services) -> bool:
    """Remove deleted data from the files of the database, and of this machine's index."""
    if find_search_path(parts.settings, parts.database).exists():
        build_index(parts)
    return overwrite_deleted(parts.database)
