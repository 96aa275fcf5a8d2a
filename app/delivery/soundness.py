"""Whether the delivery side is what the content side says it should be."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from app.content import store as content_store
from app.content.article import Article
from app.content.events import Tombstone
from app.content.saving import from_snapshot, tombstone_of
from app.content.taxonomy import Category, Source
from app.content.text import Text
from app.content.texts import text_now
from app.delivery import store
from app.delivery.projector import is_over, whole_document
from app.delivery.render import attributes_of, render_category, render_source
from app.kit.errors import InvalidInput
from app.kit.sql.session import ReadSession

_BATCH = 200
EntryKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that does not agree, and how it can be mended, if it can.

    `publish` is the public copy to render again. `withdraw` says that nothing should be public
    but `tombstone`, and `tell` that the log has to be told so.
    """

    id: str
    detail: str
    publish: Article | None = None
    withdraw: bool = False
    tombstone: Tombstone | None = None
    tell: bool = False


def flaws(
    session: ReadSession, now: datetime, text_of: Callable[[Article], Text] = text_now
) -> Iterator[Flaw]:
    """Yield what is wrong, in memory that does not grow with the number of stories.

    `text_of` gives the texts that public copies should have.
    """
    yield from _entry_flaws(session)
    for id_ in content_store.revision_gaps(session):
        yield Flaw(id_, "the article has no snapshot of its version")
    for id_ in store.stray_documents(session):
        yield Flaw(id_, "a document is public that no article stands behind")
    for id_ in store.stray_tombstones(session):
        yield Flaw(id_, "a story is said to be gone that no article stands behind")
    for batch in article_batches(session):
        yield from article_flaws(session, batch, now, text_of)


def log_flaws(session: ReadSession) -> list[str]:
    """Return what is wrong with the log itself: nobody can have followed it beyond its end."""
    end = store.last_serial(session)
    return [
        f"{name} followed the change log to {serial}, and it ends at {end}"
        for name, serial in store.followers(session).items()
        if serial > end
    ]


def article_batches(session: ReadSession) -> Iterator[list[Article]]:
    """Yield all articles in batches."""
    for originals in (True, False):
        stream = content_store.stream_articles(session, originals=originals)
        while batch := list(islice(stream, _BATCH)):
            yield batch


def article_flaws(
    session: ReadSession,
    articles: Sequence[Article],
    now: datetime,
    text_of: Callable[[Article], Text] = text_now,
) -> Iterator[Flaw]:
    """Yield what is wrong with the documents of some articles; `text_of` gives their texts."""
    copies = public_copies(session, articles)
    above = store.with_ancestors(session, [copy.categories for copy in copies.values()])
    categories = dict(zip(copies, above, strict=True))
    found = store.whole_documents(session, [one.id for one in articles])
    last = store.last_log_rows(session, [one.id for one in articles])
    stones = store.tombstones(session, [one.id for one in articles])
    for article in articles:
        copy, there = copies.get(article.id), found.get(article.id)
        if article.stage == "published" and article.deleted_at is None and copy is None:
            yield Flaw(article.id, "the snapshot of the public version is missing")
        elif copy is None or is_over(copy, now):
            if copy is None and there is not None:
                detail = "a document is public that should not be"
                yield Flaw(article.id, detail, withdraw=True, tombstone=tombstone_of(article))
        else:
            try:
                text = text_of(copy)
            except InvalidInput as wrong:
                yield Flaw(article.id, f"its body cannot be rendered: {wrong.detail}")
                continue
            facts = attributes_of(copy, categories[copy.id])
            wanted = whole_document(copy, facts, now, text)
            if there is not None or not _was_over(last.get(article.id)):
                yield from _document_flaws(copy, wanted, there)
        yield from _log_flaws(article.id, copy, there, last.get(article.id))
        if copy is None and there is None:
            known = article.id in last
            yield from _tombstone_flaws(article, stones.get(article.id), was_public=known)


def public_copies(session: ReadSession, articles: Sequence[Article]) -> dict[str, Article]:
    """Return the public copies of articles, by id."""
    public = [one for one in articles if one.stage == "published" and one.deleted_at is None]
    copies = {one.id: one for one in public if one.published_version == one.version}
    behind = [(one.id, one.published_version or 0) for one in public if one.id not in copies]
    out = {one.id for one in public if one.released}
    for id_, snapshot in content_store.snapshots(session, behind).items():
        copies[id_] = replace(from_snapshot(snapshot), released=id_ in out)
    return copies


def _document_flaws(
    copy: Article, wanted: store.WholeDocument, there: store.WholeDocument | None
) -> Iterator[Flaw]:
    if there is None:
        yield Flaw(copy.id, "the story is published and has no document", copy)
        return
    should, found = _columns_of(wanted), _columns_of(there)
    # Whether it is out already is a matter of time, and of the worker.
    differing = [name for name in should if name != "released" and should[name] != found[name]]
    if differing:
        yield Flaw(copy.id, f"the document differs in {', '.join(differing)}", copy)


def _columns_of(whole: store.WholeDocument) -> dict[str, object]:
    return {**whole.document._asdict(), "body": whole.body, "terms": whole.terms}


def _tombstone_flaws(
    article: Article, there: store.Stone | None, *, was_public: bool
) -> Iterator[Flaw]:
    wanted = tombstone_of(article)
    said = None if there is None or there.answer == store.NOT_FOUND else there
    found = None if said is None else (said.answer, said.notice, said.redirect_to)
    if found == (wanted and (wanted.answer, wanted.notice, wanted.redirect_to)):
        return
    if found is None and not was_public:
        return
    detail = "what readers get where the story was is not what it should be"
    yield Flaw(article.id, detail, withdraw=True, tombstone=wanted)


def _was_over(last: store.LastChange | None) -> bool:
    """Tell whether the story had expired already, by a clock that was set back since."""
    return last is not None and last.reason == "expired"


def _log_flaws(
    id_: str,
    copy: Article | None,
    there: store.WholeDocument | None,
    last: store.LastChange | None,
) -> Iterator[Flaw]:
    if there is not None and there.document.released:
        if last is None or last.op != "upsert" or last.version != there.document.version:
            yield Flaw(id_, "the change log does not end with what is public", copy)
    elif last is not None and last.op == "upsert" and there is None:
        yield Flaw(id_, "the change log ends with a story that is not public", tell=True)


def _entry_flaws(session: ReadSession) -> Iterator[Flaw]:
    wanted, there = wanted_entries(session), present_entries(session)
    for key in sorted(wanted.keys() | there.keys()):
        if key not in wanted or there.get(key) != wanted[key][1]:
            yield Flaw(key[1], f"the public entry of the {key[0]} differs from it")


def wanted_entries(session: ReadSession) -> dict[EntryKey, tuple[Source | Category, Any]]:
    """Return each source and category, and what should be public of it, by type and id."""
    wanted: dict[EntryKey, tuple[Source | Category, Any]] = {}
    for source in content_store.stream_sources(session):
        place = (source.slug, source.name, None)
        wanted[("source", source.id)] = source, (*place, *render_source(source))
    for category in content_store.stream_categories(session):
        under = (category.slug, category.name, category.parent_id)
        wanted[("category", category.id)] = category, (*under, *render_category(category))
    return wanted


def present_entries(session: ReadSession) -> dict[EntryKey, Any]:
    """Return what is public of each source and category, by type and id."""
    return {
        (row.type, row.id): (row.slug, row.name, row.parent_id, row.brief, row.whole)
        for row in store.entries(session)
    }
