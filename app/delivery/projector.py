"""Turn the events of a command into documents and log rows, in the same transaction.

Order matters on PostgreSQL: everything is rendered and written first; the log is locked and
appended to last (see the ADR on serials).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Literal

from app.access.selection import SelectionFields
from app.content.article import Article
from app.content.body_text import BodyText
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
from app.content.text_computation import get_public_text, require_texts
from app.delivery import store
from app.delivery.category_moves import find_changed_paths, update_stories_below
from app.delivery.changes import (
    append_changes,
    build_translation_updates,
    describe_translation,
    find_groups,
    to_embargoed_change,
)
from app.delivery.rendering import (
    build_attributes,
    build_terms,
    render_article,
    render_category,
    render_source,
)
from app.delivery.store.entries import EntryType
from app.delivery.withdrawal import (
    delete_tombstones,
    erase_from_logs,
    keep_embargoed_tombstones,
    withdraw_stories,
)
from app.kit.sql.unit_of_work import UnitOfWork


def project(unit: UnitOfWork) -> None:
    """Apply the events of a unit of work to the delivery side."""
    published: dict[str, ArticlePublished] = {}
    withdrawn: dict[str, ArticleWithdrawn] = {}
    taxonomy: list[object] = []
    redirects: list[store.RedirectRow] = []
    removed: dict[str, ArticleRemoved] = {}
    for event in unit.events:
        match event:
            case ArticlePublished(article=article) if is_expired(article, unit.now):
                withdrawn[article.id] = ArticleWithdrawn(article.id, "expired")
            case ArticlePublished(article=article):
                published[article.id] = event
            case ArticleWithdrawn(id_, _, former):
                withdrawn[id_] = event
                # Slugs from an import, which lead to the story once it is public again.
                redirects += _build_redirects("article", id_, former)
            case ArticleRemoved(id_):
                withdrawn[id_], removed[id_] = ArticleWithdrawn(id_, "deleted"), event
            case _:
                taxonomy.append(event)
    log = _write_taxonomy(unit, taxonomy) if taxonomy else []
    if withdrawn:
        store.add_redirects(unit.session, redirects)
    unlinked = _find_unlinked(published)
    log += _write_articles(unit, published, withdrawn, unlinked)
    if removed:
        _append_and_erase(unit, log, unlinked, removed)
    else:
        append_changes(unit, log, unlinked)


def _append_and_erase(
    unit: UnitOfWork,
    log: list[store.Change | store.EmbargoedChange],
    unlinked: set[str],
    removed: Mapping[str, ArticleRemoved],
) -> None:
    delete_tombstones(unit, removed.keys())
    append_changes(unit, log, unlinked)
    erase_from_logs(unit, removed)


def _find_unlinked(published: Mapping[str, ArticlePublished]) -> set[str]:
    """Return the new stories that cannot have translations yet."""
    unlinked: set[str] = set()
    for id_, publication in published.items():
        if publication.new and publication.article.translation_of is None:
            unlinked.add(id_)
    return unlinked


def _write_articles(
    unit: UnitOfWork,
    published: Mapping[str, ArticlePublished],
    withdrawn: Mapping[str, ArticleWithdrawn],
    unlinked: Collection[str],
) -> list[store.Change]:
    """Write or remove stories, and return their log rows."""
    known = [id_ for id_, event in published.items() if not event.new]
    known += withdrawn
    before = store.load_attributes(unit.session, known) if known else {}
    tombstones = store.load_tombstones(unit.session, withdrawn) if withdrawn else {}
    changes = _publish(unit, list(published.values()), before) if published else []
    if withdrawn:
        changes += withdraw_stories(unit, withdrawn, before, tombstones)
    tied = [
        row
        for row in changes
        if row.id not in unlinked and not isinstance(row, store.EmbargoedChange)
    ]
    # Translations of stories whose slug, language or group changed.
    others = [row for row in tied if not _is_same_translation(row, published, before)]
    if others:
        changes += build_translation_updates(
            unit, find_groups(others), {*published, *(row.id for row in changes)}
        )
    return changes


def _is_same_translation(
    row: store.Change,
    published: Mapping[str, ArticlePublished],
    before: Mapping[str, store.Attributes],
) -> bool:
    id_ = row.id
    if row.before is None or row.after is None:
        return row.op == "remove" and id_ not in before
    slugs = before[id_].slug, published[id_].article.slug
    return describe_translation(slugs[0], row.before) == describe_translation(slugs[1], row.after)


def _write_taxonomy(unit: UnitOfWork, events: Iterable[object]) -> list[store.Change]:
    """Write sources and categories, and return their log rows."""
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
                    log += update_stories_below(unit, category.id)
            case SourceDeleted(id_):
                log.append(_delete_entry(unit, "source", id_))
            case CategoryDeleted(id_):
                log.append(_delete_entry(unit, "category", id_))
    return log + [
        _build_change(unit, "category", id_, "upsert", "updated", version)
        for id_, version in find_changed_paths(unit, saved).items()
    ]


def _delete_entry(unit: UnitOfWork, type_: EntryType, id_: str) -> store.Change:
    """Delete an entry, unless a public copy still uses what its working copy has dropped."""
    # No story with this entry may be published during the check.
    unit.session.lock(CATEGORY_TREE)
    uses = store.count_uses_of_entry(unit.session, type_, id_)
    if uses:
        raise InUse(
            f"The public copies of {uses} article(s) name this {type_}, though their working "
            "copies do not. Publish or unpublish those first."
        )
    store.delete_entry(unit.session, type_, id_)
    return _build_change(unit, type_, id_, "remove", "deleted", None)


def _publish(
    unit: UnitOfWork, events: Sequence[ArticlePublished], before: Mapping[str, store.Attributes]
) -> list[store.Change]:
    """Write the documents of published stories, and return their log rows."""
    # A shared lock: no category may move between reading its ancestors and writing them.
    unit.session.lock(CATEGORY_TREE, shared=True)
    articles: list[Article] = list(map(attrgetter("article"), events))
    categories = store.add_ancestors(unit.session, list(map(attrgetter("categories"), articles)))
    require_texts(unit.prepared, articles)
    documents: list[store.WholeDocument] = []
    known: list[tuple[ArticlePublished, store.DocumentRow]] = []
    log: list[store.Change] = []
    for event, above in zip(events, categories, strict=True):
        article = event.article
        facts = build_attributes(article, above)
        whole = build_document(article, facts, unit.now, get_public_text(unit.prepared, article))
        documents.append(whole)
        if event.former_slugs or not event.new:
            known.append((event, whole.document))
        log += _build_public_changes(unit, event, facts, whole.document, before.get(article.id))
    if before:
        _write_documents(unit, documents, before)
    else:
        store.insert_documents(unit.session, documents)
    if known:
        _clear_tombstones(unit, known, before)
    return log


def _clear_tombstones(
    unit: UnitOfWork,
    stories: Iterable[tuple[ArticlePublished, store.DocumentRow]],
    before: Mapping[str, store.Attributes],
) -> None:
    """Delete the tombstones of published stories, and keep redirects from their former slugs.

    A tombstone stays until a scheduled story comes out. New stories and stories that are public
    already have no tombstone.
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
            if is_ahead and old.is_offered(unit.now) and not old.is_public(unit.now):
                # Only readers with embargo access had it, and now they do not.
                held[document.id] = old
        # Until a scheduled story comes out, its former readers get the tombstone at its slug.
        if document.released or old is None or not old.is_offered(unit.now):
            slugs.discard(document.slug)
        moved += _build_redirects("article", document.id, slugs)
    store.delete_redirects(unit.session, "article", [document.slug for document in came])
    store.replace_tombstones(unit.session, [document.id for document in came], [])
    keep_embargoed_tombstones(unit, held)
    store.add_redirects(unit.session, moved)


def _write_documents(
    unit: UnitOfWork, documents: list[store.WholeDocument], before: Mapping[str, store.Attributes]
) -> None:
    """Write documents: a single known document is updated in place, many are deleted first.

    Several stories may have exchanged their slugs.
    """
    known = [whole.document.id for whole in documents if whole.document.id in before]
    if len(documents) == 1 and known:
        (whole,) = documents
        old = before[whole.document.id]
        # The terms include the time of publication.
        is_filed = old.published_at == whole.document.published_at and old.terms == whole.terms
        store.replace_document(unit.session, whole, with_terms=not is_filed)
    else:
        store.delete_documents(unit.session, known)
        store.insert_documents(unit.session, documents)


def _build_public_changes(
    unit: UnitOfWork,
    event: ArticlePublished,
    facts: SelectionFields,
    document: store.DocumentRow,
    old: store.Attributes | None,
) -> list[store.Change]:
    """Return the log rows of a publication; a scheduled story gets its row when it is due."""
    before = old.values if old is not None and old.is_public(unit.now) else None
    log: list[store.Change] = []
    if document.released:
        is_again = before is not None or event.reason == "restored"
        reason = event.reason if is_again else "published"
        row = _build_change(
            unit, "article", document.id, "upsert", reason, document.version, before, facts
        )
        log.append(row)
    elif before is not None:
        gone = ("remove", "unpublished", document.version, before)
        log.append(_build_change(unit, "article", document.id, *gone))
    # A new story that is public at once looks the same to all readers.
    if old is not None or not document.released:
        log += _build_embargoed_changes(unit, event, facts, document, old)
    return log


def _build_embargoed_changes(
    unit: UnitOfWork,
    event: ArticlePublished,
    facts: SelectionFields,
    document: store.DocumentRow,
    old: store.Attributes | None,
) -> list[store.Change]:
    """Return the log row for readers with embargo access, if they see more than others."""
    due = document.released
    had = old.values if old is not None and old.is_offered(unit.now) else None
    held = old is not None and had is not None and not old.is_public(unit.now)
    row = _build_change(unit, "article", document.id, "remove", "unpublished", document.version)
    if due or document.offered_at <= unit.now:
        known = not due and had is not None
        reason = event.reason if known or event.reason == "restored" else "published"
        row = row._replace(op="upsert", after=facts, reason=reason)
    # The public log has what is public now; this row adds what it was for these readers before.
    is_told = held if due or row.op == "remove" else True
    return [to_embargoed_change(row._replace(before=had))] if is_told else []


def build_document(
    article: Article, facts: SelectionFields, now: datetime, text: BodyText
) -> store.WholeDocument:
    """Build the document of a public copy with these attributes."""
    assert article.published_at is not None
    assert article.updated_at is not None
    rendered = render_article(article, text)
    document = store.DocumentRow(
        id=article.id,
        slug=article.slug,
        version=article.version,
        released=article.released or article.published_at <= now,
        # The time from which readers with embargo access may read it.
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
    return store.WholeDocument(document, rendered.body, build_terms(facts))


def is_expired(article: Article, now: datetime) -> bool:
    """Tell whether a public copy has expired."""
    return article.expires_at is not None and article.expires_at <= now


def _save_entry(
    unit: UnitOfWork,
    type_: EntryType,
    thing: Source | Category,
    rendered: tuple[bytes, bytes],
    former: tuple[str, ...],
) -> store.Change:
    """Write a source or category, and return its log row."""
    old = store.load_entry(unit.session, type_, thing.id)
    parent_id = thing.parent_id if isinstance(thing, Category) else None
    row = store.EntryRow(type_, thing.id, thing.slug, thing.name, parent_id, *rendered)
    store.replace_entry(unit.session, row)
    slugs = {*former, old.slug} if old is not None else set(former)
    store.delete_redirects(unit.session, type_, [thing.slug])
    store.add_redirects(unit.session, _build_redirects(type_, thing.id, slugs - {thing.slug}))
    return _build_change(unit, type_, thing.id, "upsert", "updated", thing.version)


def _build_redirects(
    type_: EntryType | Literal["article"], id_: str, slugs: Iterable[str]
) -> list[store.RedirectRow]:
    return [store.RedirectRow(type_, slug, id_) for slug in sorted(slugs)]


def _build_change(
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
