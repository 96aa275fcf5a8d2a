"""`dateline purge` and `dateline erase`: stories removed for good."""

from functools import partial
from typing import Annotated

import typer

from app.bootstrap import Services, search_path
from app.cli.care import build_index
from app.cli.common import ACTOR, DatabaseUrl, services
from app.content.commands.erase_article import erase_article
from app.content.commands.purge_article import purge_article
from app.kit.overwriting import overwrite_deleted

_Ref = Annotated[str, typer.Argument(help="The id or slug of a story.")]


def purge(ref: _Ref, database_url: DatabaseUrl = None) -> None:
    """Remove a deleted story with its revisions and previews; nothing brings it back."""
    with services(database_url) as parts:
        parts.runner.run(ACTOR, partial(purge_article, ref=ref, expected=None))
    typer.echo(f"Purged {ref}.")


def erase(ref: _Ref, database_url: DatabaseUrl = None) -> None:
    """Remove a story, whatever its state, and every trace of what it said."""
    with services(database_url) as parts:
        article = parts.runner.run(ACTOR, partial(erase_article, ref=ref))
        is_clean = _overwrite(parts)
    typer.echo(f"Erased {article.id}. Backups keep it until they are deleted.")
    if not is_clean:
        typer.echo(
            "Readers kept the write-ahead log open, so its former pages are still in that file "
            "for a while.",
            err=True,
        )


def _overwrite(parts: Services) -> bool:
    """Remove what was deleted from files: the database's, and those of this machine's index."""
    if search_path(parts.settings, parts.database).exists():
        build_index(parts)
    return overwrite_deleted(parts.database)
