"""Restore an earlier version of an article as a new version."""

from dataclasses import replace

from app.content.article import Article
from app.content.commands.edit_article import rewritten
from app.content.editing import Expected, article_to_change
from app.content.inputs import ArticleInput
from app.content.orders import RestoreInput
from app.content.queries import revision
from app.content.references import References
from app.content.saving import save
from app.content.views import WRITABLE
from app.kit.sql.unit_of_work import UnitOfWork

# The slug stays, and restoring a version does not publish it.
_KEPT = frozenset({"slug", "status"})


def restore_revision(
    unit: UnitOfWork, ref: str, version: int, order: RestoreInput, expected: Expected
) -> Article:
    """Write a version over the working copy; an equal version writes nothing."""
    article = article_to_change(unit, ref, expected)
    view = revision(unit.session, article.id, version, whole=True)["article"]
    fields = {name: view[name] for name in WRITABLE["article"] - _KEPT}
    written = ArticleInput.read(fields)
    references = References(unit.session)
    references.load_inputs([written])
    change = rewritten(unit, article, written, references)
    if change is None:
        return article
    note = order.reason or f"As in version {version}."
    return save(unit, replace(change, action="restored", note=note))
