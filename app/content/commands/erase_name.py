"""Replace a person's name in stories and in all of their revisions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.content import store
from app.content.article import Article, is_current, state_of
from app.content.events import ArticlePublished
from app.content.names import Name
from app.content.saving import from_snapshot
from app.kit.sql.unit_of_work import UnitOfWork

_BATCH = 50


@dataclass(frozen=True, slots=True)
class Erased:
    """The result for a batch of stories; the next batch begins after the id `last`."""

    looked: int
    changed: int
    last: str


def erase_name(unit: UnitOfWork, name: Name, after: str) -> Erased:
    """Rewrite the stories after an id without new versions, and publish the result."""
    articles = store.articles_after(unit.session, after, _BATCH)
    changed = sum(_erase(unit, name, article) for article in articles)
    return Erased(len(articles), changed, articles[-1].id if articles else after)


def _erase(unit: UnitOfWork, name: Name, article: Article) -> bool:
    after = name.erased_from(article)
    revisions = store.revisions(unit.session, article.id, None, None, article.version)
    erased = [_without(name, revision) for revision in revisions]
    if after == article and erased == revisions:
        return False
    if after != article:
        store.update_articles(unit.session, [(article, after)])
    store.replace_revisions(unit.session, erased)
    unit.audit("erased", "article", article.id, None, None)
    if state_of(after, unit.now) in {"scheduled", "published"}:
        unit.events.append(ArticlePublished(_public_copy(after, erased), "updated"))
    return True


def _public_copy(article: Article, revisions: Sequence[store.Revision]) -> Article:
    if is_current(article):
        return article
    public = next(
        revision for revision in revisions if revision.version == article.published_version
    )
    return replace(from_snapshot(public.snapshot), released=article.released)


def _without(name: Name, revision: store.Revision) -> store.Revision:
    return revision._replace(
        actor_name=name.erased(revision.actor_name),
        note=name.erased(revision.note),
        snapshot=name.erased(revision.snapshot),
    )
