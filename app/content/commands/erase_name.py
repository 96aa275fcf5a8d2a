"""Replace a person's name in stories and in all of their revisions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.content import store
from app.content.article import Article, compute_state, is_current
from app.content.events import ArticlePublished
from app.content.name_pattern import NamePattern
from app.content.saving import parse_snapshot
from app.kit.sql.unit_of_work import UnitOfWork

_BATCH = 50


@dataclass(frozen=True, slots=True)
class ErasedBatch:
    """The result for a batch of stories; the next batch begins after the id `last`."""

    checked: int
    changed: int
    last: str


def erase_name(unit: UnitOfWork, name: NamePattern, after: str) -> ErasedBatch:
    """Rewrite the stories after an id without new versions, and publish the result."""
    articles = store.lock_articles_after(unit.session, after, _BATCH)
    changed = sum(_erase(unit, name, article) for article in articles)
    return ErasedBatch(len(articles), changed, articles[-1].id if articles else after)


def _erase(unit: UnitOfWork, name: NamePattern, article: Article) -> bool:
    after = name.erase_from(article)
    revisions = store.load_revisions(unit.session, article.id, None, None, article.version)
    erased = [_erase_from_revision(name, revision) for revision in revisions]
    if after == article and erased == revisions:
        return False
    if after != article:
        store.update_articles(unit.session, [(article, after)])
    store.replace_revisions(unit.session, erased)
    unit.audit("erased", "article", article.id, None, None)
    if compute_state(after, unit.now) in {"scheduled", "published"}:
        unit.events.append(ArticlePublished(_find_public_copy(after, erased), "updated"))
    return True


def _find_public_copy(article: Article, revisions: Sequence[store.ArticleRevision]) -> Article:
    if is_current(article):
        return article
    public = next(
        revision for revision in revisions if revision.version == article.published_version
    )
    return replace(parse_snapshot(public.snapshot), released=article.released)


def _erase_from_revision(
    name: NamePattern, revision: store.ArticleRevision
) -> store.ArticleRevision:
    return revision._replace(
        actor_name=name.erase(revision.actor_name),
        note=name.erase(revision.note),
        snapshot=name.erase(revision.snapshot),
    )
