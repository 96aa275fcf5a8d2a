"""Check that the delivery side agrees with the content side."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from app.content import store as content_store
from app.content.article import Article
from app.content.body_text import BodyText
from app.content.events import Tombstone
from app.content.saving import build_tombstone, parse_snapshot
from app.content.taxonomy import Category, Source
from app.content.text_computation import compute_text
from app.delivery import store
from app.delivery.projector import build_document, is_expired
from app.delivery.rendering import build_attributes, render_category, render_source
from app.kit.errors import InvalidInput
from app.kit.sql.session import ReadSession

_BATCH = 200
EntryKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """A difference between both sides, and how to repair it if that is possible.

    `publish` is the public copy to render again. `withdraw` means that nothing but `tombstone`
    should be public, and `log_removal` that the log needs a row for the removal.
    """

    id: str
    detail: str
    publish: Article | None = None
    withdraw: bool = False
    tombstone: Tombstone | None = None
    log_removal: bool = False


def find_inconsistencies(
    session: ReadSession, now: datetime, text_of: Callable[[Article], BodyText] = compute_text
) -> Iterator[Inconsistency]:
    """Yield all differences; memory use does not depend on the number of stories.

    `text_of` returns the text that a public copy should have.
    """
    yield from _check_entries(session)
    for id_ in content_store.find_missing_snapshots(session):
        yield Inconsistency(id_, "the article has no snapshot of its version")
    for id_ in store.find_orphan_documents(session):
        yield Inconsistency(id_, "a document is public that no article stands behind")
    for id_ in store.find_orphan_tombstones(session):
        yield Inconsistency(id_, "a story is said to be gone that no article stands behind")
    for batch in load_article_batches(session):
        yield from find_article_inconsistencies(session, batch, now, text_of)


def find_log_errors(session: ReadSession) -> list[str]:
    """Return errors in the log itself: no follower can have a position beyond its end."""
    end = store.load_last_serial(session)
    return [
        f"{name} followed the change log to {serial}, and it ends at {end}"
        for name, serial in store.load_follower_positions(session).items()
        if serial > end
    ]


def load_article_batches(session: ReadSession) -> Iterator[list[Article]]:
    """Load all articles in batches."""
    for originals in (True, False):
        stream = content_store.stream_articles(session, originals=originals)
        while batch := list(islice(stream, _BATCH)):
            yield batch


def find_article_inconsistencies(
    session: ReadSession,
    articles: Sequence[Article],
    now: datetime,
    text_of: Callable[[Article], BodyText] = compute_text,
) -> Iterator[Inconsistency]:
    """Yield the differences of some articles; `text_of` returns their texts."""
    copies = load_public_copies(session, articles)
    above = store.add_ancestors(session, [copy.categories for copy in copies.values()])
    categories = dict(zip(copies, above, strict=True))
    found = store.load_documents(session, [article.id for article in articles])
    last = store.load_last_changes(session, [article.id for article in articles])
    tombstones = store.load_tombstones(session, [article.id for article in articles])
    for article in articles:
        copy, there = copies.get(article.id), found.get(article.id)
        if article.stage == "published" and article.deleted_at is None and copy is None:
            yield Inconsistency(article.id, "the snapshot of the public version is missing")
        elif copy is None or is_expired(copy, now):
            if copy is None and there is not None:
                detail = "a document is public that should not be"
                yield Inconsistency(
                    article.id, detail, withdraw=True, tombstone=build_tombstone(article)
                )
        else:
            try:
                text = text_of(copy)
            except InvalidInput as error:
                yield Inconsistency(article.id, f"its body cannot be rendered: {error.detail}")
                continue
            facts = build_attributes(copy, categories[copy.id])
            wanted = build_document(copy, facts, now, text)
            if there is not None or not _was_expired(last.get(article.id)):
                yield from _check_document(copy, wanted, there)
        yield from _check_log(article.id, copy, there, last.get(article.id))
        if copy is None and there is None:
            known = article.id in last
            yield from _check_tombstone(article, tombstones.get(article.id), was_public=known)


def load_public_copies(session: ReadSession, articles: Sequence[Article]) -> dict[str, Article]:
    """Return the public copies of articles, by id."""
    public = [
        article
        for article in articles
        if article.stage == "published" and article.deleted_at is None
    ]
    copies = {
        article.id: article for article in public if article.published_version == article.version
    }
    behind = [
        (article.id, article.published_version or 0)
        for article in public
        if article.id not in copies
    ]
    out = {article.id for article in public if article.released}
    for id_, snapshot in content_store.load_snapshots(session, behind).items():
        copies[id_] = replace(parse_snapshot(snapshot), released=id_ in out)
    return copies


def _check_document(
    copy: Article, wanted: store.WholeDocument, there: store.WholeDocument | None
) -> Iterator[Inconsistency]:
    if there is None:
        yield Inconsistency(copy.id, "the story is published and has no document", copy)
        return
    should, found = _list_columns(wanted), _list_columns(there)
    # `released` depends on the time and on the worker.
    differing = [name for name in should if name != "released" and should[name] != found[name]]
    if differing:
        yield Inconsistency(copy.id, f"the document differs in {', '.join(differing)}", copy)


def _list_columns(whole: store.WholeDocument) -> dict[str, object]:
    return {**whole.document._asdict(), "body": whole.body, "terms": whole.terms}


def _check_tombstone(
    article: Article, there: store.TombstoneRow | None, *, was_public: bool
) -> Iterator[Inconsistency]:
    expected = build_tombstone(article)
    said = None if there is None or there.answer == store.NOT_FOUND else there
    found = None if said is None else (said.answer, said.notice, said.redirect_to)
    if found == (expected and (expected.answer, expected.notice, expected.redirect_to)):
        return
    if found is None and not was_public:
        return
    detail = "what readers get where the story was is not what it should be"
    yield Inconsistency(article.id, detail, withdraw=True, tombstone=expected)


def _was_expired(last: store.LastChange | None) -> bool:
    """Tell whether the story expired before, by a clock that was set back since."""
    return last is not None and last.reason == "expired"


def _check_log(
    id_: str,
    copy: Article | None,
    there: store.WholeDocument | None,
    last: store.LastChange | None,
) -> Iterator[Inconsistency]:
    if there is not None and there.document.released:
        if last is None or last.op != "upsert" or last.version != there.document.version:
            yield Inconsistency(id_, "the change log does not end with what is public", copy)
    elif last is not None and last.op == "upsert" and there is None:
        yield Inconsistency(
            id_, "the change log ends with a story that is not public", log_removal=True
        )


def _check_entries(session: ReadSession) -> Iterator[Inconsistency]:
    wanted, there = load_expected_entries(session), load_public_entries(session)
    for key in sorted(wanted.keys() | there.keys()):
        if key not in wanted or there.get(key) != wanted[key][1]:
            yield Inconsistency(key[1], f"the public entry of the {key[0]} differs from it")


def load_expected_entries(session: ReadSession) -> dict[EntryKey, tuple[Source | Category, Any]]:
    """Return each source and category with its expected public entry, by type and id."""
    expected: dict[EntryKey, tuple[Source | Category, Any]] = {}
    for source in content_store.stream_sources(session):
        place = (source.slug, source.name, None)
        expected[("source", source.id)] = source, (*place, *render_source(source))
    for category in content_store.stream_categories(session):
        under = (category.slug, category.name, category.parent_id)
        expected[("category", category.id)] = category, (*under, *render_category(category))
    return expected


def load_public_entries(session: ReadSession) -> dict[EntryKey, Any]:
    """Return the public entries of all sources and categories, by type and id."""
    return {
        (row.type, row.id): (row.slug, row.name, row.parent_id, row.brief, row.whole)
        for row in store.load_entries(session)
    }
