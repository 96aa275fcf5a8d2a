"""From events of the newsroom to finished documents and rows of the log, in one transaction.

Order matters on PostgreSQL: everything is rendered and written first, and the log is locked
and appended to last (see the ADR on serials).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Literal

from app.access.selection import SelectionFields
from app.content.article import Article
from app.content.errors import InUse
from app.content.events import (
    ArticlePublished,
    ArticleRemoved,
    ArticleWithdrawn,
    CategoryDeleted,
    CategorySaved,
    SourceDeleted,
    SourceSaved,
)
from app.content.locks import CATEGORY_TREE
from app.content.taxonomy import Category, Source
from app.content.text import Text
from app.content.texts import need_texts, public_text
from app.delivery import store
from app.delivery.moving import move_stories
from app.delivery.paths import elsewhere
from app.delivery.removing import forget_facts, forget_places
from app.delivery.render import attributes_of, render_article, render_category, render_source
from app.delivery.siblings import groups_in, shown, sibling_rows
from app.delivery.store.entries import EntryType
from app.delivery.telling import for_embargoed, tell
from app.delivery.terms import terms_of
from app.delivery.withdrawing import keep_traces, withdraw
from app.kit.sql.unit_of_work import UnitOfWork


def project(unit: UnitOfWork) -> None:
    """Make the delivery side true to what a unit of work did."""
    published: dict[str, ArticlePublished] = {}
    withdrawn: dict[str, ArticleWithdrawn] = {}
    taxonomy: list[object] = []
    redirects: list[store.RedirectRow] = []
    removed: dict[str, ArticleRemoved] = {}
    for event in unit.events:
        match event:
            case ArticlePublished(article=article) if is_over(article, unit.now):
                withdrawn[article.id] = ArticleWithdrawn(article.id, "expired")
            case ArticlePublished(article=article):
                published[article.id] = event
            case ArticleWithdrawn(id_, _, former):
                withdrawn[id_] = event
                # Brought by an import, for the day on which the story is public again.
                redirects += _redirects("article", id_, former)
            case ArticleRemoved(id_):
                withdrawn[id_], removed[id_] = ArticleWithdrawn(id_, "deleted"), event
            case _:
                taxonomy.append(event)
    log = _taxonomy_rows(unit, taxonomy) if taxonomy else []
    if withdrawn:
        store.add_redirects(unit.session, redirects)
    alone = _alone(published)
    log += _article_rows(unit, published, withdrawn, alone)
    if removed:
        _tell_and_forget(unit, log, alone, removed)
    else:
        tell(unit, log, alone)


def _tell_and_forget(
    unit: UnitOfWork,
    log: list[store.Change | store.EmbargoedChange],
    alone: set[str],
    removed: Mapping[str, ArticleRemoved],
) -> None:
    forget_places(unit, removed.keys())
    tell(unit, log, alone)
    forget_facts(unit, removed)


def _alone(published: Mapping[str, ArticlePublished]) -> set[str]:
    """Return the new stories to which nothing can be tied yet."""
    alone: set[str] = set()
    for id_, publication in published.items():
        if publication.new and publication.article.translation_of is None:
            alone.add(id_)
    return alone


def _article_rows(
    unit: UnitOfWork,
    published: Mapping[str, ArticlePublished],
    withdrawn: Mapping[str, ArticleWithdrawn],
    alone: Collection[str],
) -> list[store.Change]:
    """Write stories, or take them away, and return the rows of the log."""
    known = [id_ for id_, event in published.items() if not event.new]
    known += withdrawn
    before = store.attributes(unit.session, known) if known else {}
    standing = store.tombstones(unit.session, withdrawn) if withdrawn else {}
    told = _publish(unit, list(published.values()), before) if published else []
    if withdrawn:
        told += withdraw(unit, withdrawn, before, standing)
    tied = [
        row for row in told if row.id not in alone and not isinstance(row, store.EmbargoedChange)
    ]
    # Translations of stories that they show otherwise now.
    others = [row for row in tied if not _shows_the_same(row, published, before)]
    if others:
        told += sibling_rows(unit, groups_in(others), {*published, *(row.id for row in told)})
    return told


def _shows_the_same(
    row: store.Change,
    published: Mapping[str, ArticlePublished],
    before: Mapping[str, store.Attributes],
) -> bool:
    id_ = row.id
    if row.before is None or row.after is None:
        return row.op == "remove" and id_ not in before
    slugs = before[id_].slug, published[id_].article.slug
    return shown(slugs[0], row.before) == shown(slugs[1], row.after)


def _taxonomy_rows(unit: UnitOfWork, events: Iterable[object]) -> list[store.Change]:
    """Write sources and categories and return their rows of the log."""
    log: list[store.Change] = []
    saved: list[CategorySaved] = []
    for event in events:
        match event:
            case SourceSaved(source, former):
                rendered = render_source(source)
                log.append(_save_entry(unit, "source", source, rendered, former))
            case CategorySaved(category, moved, former):
                rendered = render_category(category)
                log.append(_save_entry(unit, "category", category, rendered, former))
                saved.append(event)
                if moved:
                    log += move_stories(unit, category.id)
            case SourceDeleted(id_):
                log.append(_delete_entry(unit, "source", id_))
            case CategoryDeleted(id_):
                log.append(_delete_entry(unit, "category", id_))
    return log + [
        _log(unit, "category", id_, "upsert", "updated", version)
        for id_, version in elsewhere(unit, saved).items()
    ]


def _delete_entry(unit: UnitOfWork, type_: EntryType, id_: str) -> store.Change:
    """Take an entry away, unless a public copy still names what its working copy has dropped."""
    # Nobody publishes a story with it while we look.
    unit.session.lock(CATEGORY_TREE)
    uses = store.uses_of_entry(unit.session, type_, id_)
    if uses:
        raise InUse(
            f"The public copies of {uses} article(s) name this {type_}, though their working "
            "copies do not. Publish or unpublish those first."
        )
    store.remove_entry(unit.session, type_, id_)
    return _log(unit, type_, id_, "remove", "deleted", None)


def _publish(
    unit: UnitOfWork, events: Sequence[ArticlePublished], before: Mapping[str, store.Attributes]
) -> list[store.Change]:
    """Write the documents of stories that come out, and return their rows of the log."""
    # Shared, so that no category moves between reading its ancestors and writing them down.
    unit.session.lock(CATEGORY_TREE, shared=True)
    articles: list[Article] = list(map(attrgetter("article"), events))
    categories = store.with_ancestors(unit.session, list(map(attrgetter("categories"), articles)))
    need_texts(unit.prepared, articles)
    documents: list[store.WholeDocument] = []
    known: list[tuple[ArticlePublished, store.DocumentRow]] = []
    log: list[store.Change] = []
    for event, above in zip(events, categories, strict=True):
        article = event.article
        facts = attributes_of(article, above)
        whole = whole_document(article, facts, unit.now, public_text(unit.prepared, article))
        documents.append(whole)
        if event.former_slugs or not event.new:
            known.append((event, whole.document))
        log += _publish_log(unit, event, facts, whole.document, before.get(article.id))
    if before:
        _replace(unit, documents, before)
    else:
        store.insert_documents(unit.session, documents)
    if known:
        _clear_places(unit, known, before)
    return log


def _clear_places(
    unit: UnitOfWork,
    stories: Iterable[tuple[ArticlePublished, store.DocumentRow]],
    before: Mapping[str, store.Attributes],
) -> None:
    """Take away what stood where stories are now, and remember where readers had them before.

    What stood there stays as long as a story lies ahead. Nothing stood in the place of a new one,
    nor where one is out already.
    """
    came: list[store.DocumentRow] = []
    held: dict[str, store.Attributes] = {}
    moved: list[store.RedirectRow] = []
    for event, document in stories:
        old, slugs = before.get(document.id), set(event.former_slugs)
        stands = old is not None and old.released and old.slug == document.slug
        if document.released and not event.new and not stands:
            came.append(document)
        if old is not None:
            slugs.add(old.slug)
            is_ahead = document.offered_at > unit.now
            if is_ahead and old.is_offered(unit.now) and not old.is_out(unit.now):
                # Those alone had it who read what is under embargo, and have it no more.
                held[document.id] = old
        # Who had a story that lies ahead now finds at its slug what becomes of it until then.
        if document.released or old is None or not old.is_offered(unit.now):
            slugs.discard(document.slug)
        moved += _redirects("article", document.id, slugs)
    store.drop_redirects(unit.session, "article", [document.slug for document in came])
    store.replace_tombstones(unit.session, [document.id for document in came], [])
    keep_traces(unit, held)
    store.add_redirects(unit.session, moved)


def _replace(
    unit: UnitOfWork, documents: list[store.WholeDocument], before: Mapping[str, store.Attributes]
) -> None:
    """Write documents: one that is there in its place, many whole.

    Many at once may have taken each other's slugs.
    """
    known = [whole.document.id for whole in documents if whole.document.id in before]
    if len(documents) == 1 and known:
        (whole,) = documents
        old = before[whole.document.id]
        # The terms have the instant of the document in them.
        is_filed = old.published_at == whole.document.published_at and old.terms == whole.terms
        store.replace_document(unit.session, whole, with_terms=not is_filed)
    else:
        store.remove_documents(unit.session, known)
        store.insert_documents(unit.session, documents)


def _publish_log(
    unit: UnitOfWork,
    event: ArticlePublished,
    facts: SelectionFields,
    document: store.DocumentRow,
    old: store.Attributes | None,
) -> list[store.Change]:
    """Return the log rows of a publication; one that lies ahead is told when it is due."""
    before = old.values if old is not None and old.is_out(unit.now) else None
    log: list[store.Change] = []
    if document.released:
        is_again = before is not None or event.reason == "restored"
        reason = event.reason if is_again else "published"
        row = _log(unit, "article", document.id, "upsert", reason, document.version, before, facts)
        log.append(row)
    elif before is not None:
        gone = ("remove", "unpublished", document.version, before)
        log.append(_log(unit, "article", document.id, *gone))
    # A story that is public at once, and that nobody had before, is the same for everybody.
    if old is not None or not document.released:
        log += _embargo_log(unit, event, facts, document, old)
    return log


def _embargo_log(
    unit: UnitOfWork,
    event: ArticlePublished,
    facts: SelectionFields,
    document: store.DocumentRow,
    old: store.Attributes | None,
) -> list[store.Change]:
    """Return the row for those who read what is under embargo, if they see more than others."""
    due = document.released
    had = old.values if old is not None and old.is_offered(unit.now) else None
    held = old is not None and had is not None and not old.is_out(unit.now)
    row = _log(unit, "article", document.id, "remove", "unpublished", document.version)
    if due or document.offered_at <= unit.now:
        known = not due and had is not None
        reason = event.reason if known or event.reason == "restored" else "published"
        row = row._replace(op="upsert", after=facts, reason=reason)
    # What is public now is told to everybody; but this says also what it was for them until now.
    is_told = held if due or row.op == "remove" else True
    return [for_embargoed(row._replace(before=had))] if is_told else []


def whole_document(
    article: Article, facts: SelectionFields, now: datetime, text: Text
) -> store.WholeDocument:
    """Return the document of a public copy, which is selected by these facts."""
    assert article.published_at is not None
    assert article.updated_at is not None
    rendered = render_article(article, text)
    document = store.DocumentRow(
        id=article.id,
        slug=article.slug,
        version=article.version,
        released=article.released or article.published_at <= now,
        # For those who read what is under embargo.
        offered_at=article.offered_from or article.published_at,
        published_at=article.published_at,
        updated_at=article.updated_at,
        expires_at=article.expires_at,
        source_id=article.source_id,
        language=article.language,
        kind=article.kind,
        translation_group=article.translation_of or article.id,
        category_ids=",".join(article.categories),
        head=rendered.head,
        tail=rendered.tail,
        extra=rendered.extra,
    )
    return store.WholeDocument(document, rendered.body, terms_of(facts))


def is_over(article: Article, now: datetime) -> bool:
    """Tell whether a public copy has expired."""
    return article.expires_at is not None and article.expires_at <= now


def _save_entry(
    unit: UnitOfWork,
    type_: EntryType,
    thing: Source | Category,
    rendered: tuple[bytes, bytes],
    former: tuple[str, ...],
) -> store.Change:
    """Write a source or category down, and return its row of the log."""
    old = store.entry(unit.session, type_, thing.id)
    parent_id = thing.parent_id if isinstance(thing, Category) else None
    row = store.EntryRow(type_, thing.id, thing.slug, thing.name, parent_id, *rendered)
    store.replace_entry(unit.session, row)
    slugs = {*former, old.slug} if old is not None else set(former)
    store.drop_redirects(unit.session, type_, [thing.slug])
    store.add_redirects(unit.session, _redirects(type_, thing.id, slugs - {thing.slug}))
    return _log(unit, type_, thing.id, "upsert", "updated", thing.version)


def _redirects(
    type_: EntryType | Literal["article"], id_: str, slugs: Iterable[str]
) -> list[store.RedirectRow]:
    return [store.RedirectRow(type_, slug, id_) for slug in sorted(slugs)]


def _log(
    unit: UnitOfWork,
    type_: str,
    id_: str,
    op: str,
    reason: str,
    version: int | None,
    before: SelectionFields | None = None,
    after: SelectionFields | None = None,
) -> store.Change:
    return store.Change(unit.now, type_, id_, op, reason, version, None, before, after)
