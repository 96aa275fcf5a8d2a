"""Restore an earlier version of an article as a new version."""

from dataclasses import replace

from app.content.article import Article
from app.content.command_inputs import RestoreInput
from app.content.commands.edit_article import build_change
from app.content.editing import ExpectedVersions, lock_article
from app.content.inputs import ArticleInput
from app.content.queries import find_revision
from app.content.references import ReferenceResolver
from app.content.saving import save_change
from app.content.views import WRITABLE
from app.kit.sql.unit_of_work import UnitOfWork

# The slug stays, and restoring a version does not publish it.
_KEPT_FIELDS = frozenset({"slug", "status"})


def restore_revision(
    unit: UnitOfWork, ref: str, version: int, order: RestoreInput, expected: ExpectedVersions
) -> Article:
    """Write a version over the working copy; an equal version writes nothing."""
    article = lock_article(unit, ref, expected)
    view = find_revision(unit.session, article.id, version, whole=True)["article"]
    fields = {name: view[name] for name in WRITABLE["article"] - _KEPT_FIELDS}
    written = ArticleInput.read(fields)
    references = ReferenceResolver(unit.session)
    references.load_inputs([written])
    change = build_change(unit, article, written, references)
    if change is None:
        return article
    note = order.reason or f"As in version {version}."
    return save_change(unit, replace(change, action="restored", note=note))
