"""From events of the newsroom to finished documents and rows of the log, in one transaction.

Order matters on PostgreSQL: everything is rendered and written first, and the log is locked
and appended to last (see the ADR on serials).
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Literal

from app.access.selection import Facts
from app.content.article import Article
from app.content.errors import InUse
from app.content.events import (
    ArticlePublished,
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
from app.delivery.render import attributes_of, render_article, render_category, render_source
from app.delivery.siblings import groups_in, shown, sibling_rows
from app.delivery.store.entries import EntryType
from app.delivery.telling import for_embargoed, is_public, tell
from app.delivery.terms import terms_of
from app.delivery.tree import Widen, with_ancestors
from app.delivery.withdrawing import keep_traces, withdraw
from app.kit.unit import Unit


def project(unit: Unit) -> None:
    """Make the delivery side true to what a unit of work did."""
    log = taxonomy_rows(unit)
    published: dict[str, ArticlePublished] = {}
    withdrawn: dict[str, ArticleWithdrawn] = {}
    for event in unit.events:
        match event:
            case ArticlePublished(article=article) if is_over(article, unit.now):
                withdrawn[article.id] = ArticleWithdrawn(article.id, "expired")
            case ArticlePublished(article=article):
                published[article.id] = event
            case ArticleWithdrawn(id_, _, former):
                withdrawn[id_] = event
                # Brought by an import, for the day on which the story is public again.
                store.add_redirects(unit.session, _redirects("article", id_, former))
    if published or withdrawn:
        known = [id_ for id_, event in published.items() if not event.new]
        before = store.attributes(unit.session, [*known, *withdrawn])
        standing = store.tombstones(unit.session, withdrawn)
        above = _ancestors(unit, published.values())
        told = _publish(unit, list(published.values()), before, above)
        told += withdraw(unit, withdrawn, before, standing)
        log += told + _siblings(unit, told, published, before)
    new = [event.article for event in published.values() if event.new]
    tell(unit, log, {one.id for one in new if one.translation_of is None})


def _siblings(
    unit: Unit,
    told: list[store.Change],
    published: Mapping[str, ArticlePublished],
    before: Mapping[str, store.Attributes],
) -> list[store.Change]:
    """Return the rows for translations of stories that they show otherwise now."""
    public = [row for row in told if is_public(row)]
    others = [row for row in public if not _shows_the_same(row, published, before)]
    return sibling_rows(unit, groups_in(others), {*published, *(row.id for row in told)})


def _shows_the_same(
    row: store.Change,
    published: Mapping[str, ArticlePublished],
    before: Mapping[str, store.Attributes],
) -> bool:
    id_ = row.id
    if id_ in published and published[id_].new and published[id_].article.translation_of is None:
        # Nothing can be tied to it yet.
        return True
    if row.before is None or row.after is None:
        return row.op == "remove" and id_ not in before
    slugs = before[id_].slug, published[id_].article.slug
    return shown(slugs[0], row.before) == shown(slugs[1], row.after)


def taxonomy_rows(unit: Unit) -> list[store.Change]:
    """Write sources and categories and return their rows of the log."""
    log: list[store.Change] = []
    saved: list[CategorySaved] = []
    for event in unit.events:
        match event:
            case SourceSaved(source, former):
                brief, whole = render_source(source)
                _save_entry(unit, _entry("source", source, brief, whole, None), former)
                log.append(_log(unit, "source", source.id, "upsert", "updated", source.version))
            case CategorySaved(category, moved, former):
                brief, whole = render_category(category)
                row = _entry("category", category, brief, whole, category.parent_id)
                _save_entry(unit, row, former)
                log.append(
                    _log(unit, "category", category.id, "upsert", "updated", category.version)
                )
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


def _delete_entry(unit: Unit, type_: EntryType, id_: str) -> store.Change:
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


def _ancestors(unit: Unit, events: Collection[ArticlePublished]) -> Widen:
    """Look up what is above the categories of stories that come out."""
    if events:
        # Shared, so that no category moves between reading its ancestors and writing them down.
        unit.session.lock(CATEGORY_TREE, shared=True)
    return with_ancestors(unit.session, (event.article.categories for event in events))


def _publish(
    unit: Unit, events: list[ArticlePublished], before: dict[str, store.Attributes], above: Widen
) -> list[store.Change]:
    if not events:
        return []
    need_texts(unit.prepared, [event.article for event in events])
    documents: list[store.WholeDocument] = []
    log: list[store.Change] = []
    moved_slugs: list[store.RedirectRow] = []
    for event in events:
        article, old = event.article, before.get(event.article.id)
        categories = above(article.categories)
        attributes = attributes_of(article, categories)
        text = public_text(unit.prepared, article)
        documents.append(whole_document(article, categories, unit.now, text))
        moved_slugs += _redirects("article", article.id, _left_behind(event, old, unit.now))
        log += _publish_log(unit, event, attributes, old)
    _write(unit, documents, before)
    _take_place(unit, events, before)
    keep_traces(unit, _taken_from_the_entitled(events, before, unit.now))
    store.add_redirects(unit.session, moved_slugs)
    return log


def _taken_from_the_entitled(
    events: list[ArticlePublished], before: Mapping[str, store.Attributes], now: datetime
) -> dict[str, store.Attributes]:
    """Return what only those had who read what is under embargo, and have no more."""
    ahead = (one.article.id for one in events if offered_at(one.article) > now)
    known = ((id_, before[id_]) for id_ in ahead if id_ in before)
    return {id_: old for id_, old in known if old.is_offered(now) and not old.is_out(now)}


def _write(
    unit: Unit, documents: list[store.WholeDocument], before: Mapping[str, store.Attributes]
) -> None:
    """Write documents: one that is there in its place, many whole.

    Many at once may have taken each other's slugs.
    """
    known = [one.document.id for one in documents if one.document.id in before]
    if len(documents) == 1 and known:
        (whole,) = documents
        filed = _is_filed_so(before[whole.document.id], whole)
        store.replace_document(unit.session, whole, with_terms=not filed)
    else:
        store.replace_documents(unit.session, documents, known)


def _is_filed_so(old: store.Attributes, whole: store.WholeDocument) -> bool:
    """Tell whether the terms of a document, which have its instant in them, are as they were."""
    return old.published_at == whole.document.published_at and old.terms == whole.terms


def _take_place(
    unit: Unit, events: list[ArticlePublished], before: Mapping[str, store.Attributes]
) -> None:
    """Take away what stood where stories are now; it stays as long as one lies ahead.

    Nothing stood in the place of a new one, nor where one is out already.
    """
    due = [one for one in events if not one.new and _is_due(one.article, unit.now)]
    came = [one.article for one in due if not _stands(one.article, before.get(one.article.id))]
    store.drop_redirects(unit.session, "article", [article.slug for article in came])
    store.replace_tombstones(unit.session, [article.id for article in came], [])


def _stands(article: Article, old: store.Attributes | None) -> bool:
    return old is not None and old.released and old.slug == article.slug


def _left_behind(event: ArticlePublished, old: store.Attributes | None, now: datetime) -> set[str]:
    """Return the slugs at which readers may look for a story that stands elsewhere by now."""
    slugs = {*event.former_slugs, old.slug} if old is not None else set(event.former_slugs)
    if old is not None and old.is_offered(now) and not _is_due(event.article, now):
        # It lies ahead now. Who had it finds at its slug what becomes of it until it is there.
        return slugs
    return slugs - {event.article.slug}


def _publish_log(
    unit: Unit, event: ArticlePublished, attributes: Facts, old: store.Attributes | None
) -> list[store.Change]:
    """Return the log rows of a publication; one that lies ahead is told when it is due."""
    article = event.article
    was_out = old is not None and old.is_out(unit.now)
    before = old.values if old is not None and was_out else None
    early = _embargo_log(unit, event, attributes, old)
    if _is_due(article, unit.now):
        reason = event.reason if was_out or event.reason == "restored" else "published"
        row = _log(unit, "article", article.id, "upsert", reason, article.version)
        return [row._replace(before=before, after=attributes), *early]
    if was_out:
        row = _log(unit, "article", article.id, "remove", "unpublished", article.version)
        return [row._replace(before=before), *early]
    return early


def _embargo_log(
    unit: Unit, event: ArticlePublished, attributes: Facts, old: store.Attributes | None
) -> list[store.Change]:
    """Return the row for those who read what is under embargo, if they see more than others."""
    article, due = event.article, _is_due(event.article, unit.now)
    had = old.values if old is not None and old.is_offered(unit.now) else None
    held = old is not None and had is not None and not old.is_out(unit.now)
    row = _log(unit, "article", article.id, "remove", "unpublished", article.version)
    if due or offered_at(article) <= unit.now:
        known = not due and had is not None
        reason = event.reason if known or event.reason == "restored" else "published"
        row = row._replace(op="upsert", after=attributes, reason=reason)
    # What is public now is told to everybody; but this says also what it was for them until now.
    is_told = held if due or row.op == "remove" else True
    return [for_embargoed(row._replace(before=had))] if is_told else []


def whole_document(
    article: Article, categories: list[str], now: datetime, text: Text
) -> store.WholeDocument:
    """Return the document of a public copy; `categories` are its own and all above them."""
    assert article.published_at is not None
    assert article.updated_at is not None
    rendered = render_article(article, text)
    document = store.DocumentRow(
        id=article.id,
        slug=article.slug,
        version=article.version,
        released=_is_due(article, now),
        offered_at=offered_at(article),
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
    terms = terms_of(attributes_of(article, categories))
    return store.WholeDocument(document, rendered.body, terms)


def offered_at(article: Article) -> datetime:
    """Return when a public copy may be read by those who read what is under embargo."""
    assert article.published_at is not None
    return article.offered_from or article.published_at


def _is_due(article: Article, now: datetime) -> bool:
    assert article.published_at is not None
    return article.released or article.published_at <= now


def is_over(article: Article, now: datetime) -> bool:
    """Tell whether a public copy has expired."""
    return article.expires_at is not None and article.expires_at <= now


def _entry(
    type_: EntryType, thing: Source | Category, brief: bytes, whole: bytes, parent_id: str | None
) -> store.EntryRow:
    return store.EntryRow(type_, thing.id, thing.slug, thing.name, parent_id, brief, whole)


def _save_entry(unit: Unit, row: store.EntryRow, former: tuple[str, ...]) -> None:
    old = store.entry(unit.session, row.type, row.id)
    store.replace_entry(unit.session, row)
    slugs = {*former, old.slug} if old is not None else set(former)
    store.drop_redirects(unit.session, row.type, [row.slug])
    store.add_redirects(unit.session, _redirects(row.type, row.id, slugs - {row.slug}))


def _redirects(
    type_: EntryType | Literal["article"], id_: str, slugs: Iterable[str]
) -> list[store.RedirectRow]:
    return [store.RedirectRow(type_, slug, id_) for slug in sorted(slugs)]


def _log(
    unit: Unit, type_: str, id_: str, op: str, reason: str, version: int | None
) -> store.Change:
    return store.Change(unit.now, type_, id_, op, reason, version)
