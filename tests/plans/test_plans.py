"""No statement reads more rows than it needs, with any planner statistics."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import product
from typing import Any

import pytest

from app.access import store as access
from app.access.entitlement import EMBARGOED, NOTHING, PUBLIC
from app.access.selection import Clause, Selection, TimeRange
from app.access.store import audit_log
from app.access.store.audit_log import AuditFilter
from app.content import store as content
from app.content.store import article_lists
from app.content.store.article_lists import ArticleList
from app.delivery import store as delivery
from app.delivery.store import archive as formats
from app.delivery.store import (
    grant_boundaries,
    log_state,
    merged_log,
    snapshot_queries,
    story_queries,
)
from app.delivery.story_query import StoryQuery
from app.kit.clock import to_micros
from app.kit.sql.database import Database
from app.syndication.push.store import deliveries
from tests.plans.archive import (
    ARTICLES,
    COMMON_SOURCE,
    EPOCH,
    HOOK,
    KEY,
    NOW,
    RARE_SOURCE,
    SCHEDULED,
    article_id,
)
from tests.plans.costs import costs

_LIMIT = 21
# More than a page and its lookups, and far less than a table.
_FEW = 1_000
_MIDDLE = ARTICLES // 2
_PLACE = (to_micros(EPOCH + timedelta(minutes=_MIDDLE)), article_id(_MIDDLE))
Work = Callable[[Any], object]


def check(database: Database, work: Work, most: int = _FEW, engine: Any = None) -> None:
    """Require that no statement of a function reads more rows than these."""
    for cost in costs(database, work, engine):
        assert cost.visited <= most, (cost.visited, cost.steps, cost.sql)


# Without statistics, PostgreSQL assumes two hundred values for a column that is not unique: twenty
# of them are a tenth of the table then, and the rows of an object are as many as those of a range.
_NEED_STATISTICS = {
    *("public slugs", "snapshots", "attributes", "whole documents", "texts", "released texts"),
    *("released of groups", "offered of groups", "embargoed groups", "last embargoed rows"),
    *("what was before", "what was under embargo", "what was withdrawn"),
    *("short forms", "visible ids", "ids"),
    *("newest texts", "texts before", "texts of a source", "what time changed"),
    *("deliveries", "deliveries before", "deliveries after"),
    *("a run", "a run of both logs", "categories"),
}


@pytest.fixture(autouse=True)
def _skip_unknown_statistics(request: pytest.FixtureRequest) -> None:
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    has_none = params.get("archive") in {"postgresql-missing", "postgresql-outdated"}
    if has_none and params.get("name") in _NEED_STATISTICS:
        pytest.skip("its plan needs statistics")


def _ids(count: int) -> tuple[str, ...]:
    return tuple(article_id(_MIDDLE + number) for number in range(count))


_STATES: dict[str, tuple[Any, ...]] = {
    "any state": (),
    "draft": ("draft",),
    "published": ("published",),
    "deleted": ("deleted",),
    "several": ("draft", "published", "expired"),
}
_SOURCES: dict[str, tuple[Clause, ...]] = {
    "any source": (),
    "a source": (Clause("source", (COMMON_SOURCE,)),),
    "a rare source": (Clause("source", (RARE_SOURCE,)),),
    "a tag": (Clause("tag", ("tag-1",)),),
}


@pytest.mark.parametrize("state", _STATES)
@pytest.mark.parametrize("source", _SOURCES)
def test_articles_are_looked_up_by_external_id_and_id(
    state: str, source: str, archive: Database
) -> None:
    for key, descending, position in (
        ("modified_at", True, None),
        ("modified_at", False, _PLACE),
        ("published_at", True, None),
    ):
        more: dict[str, Any] = {"key": key, "descending": descending, "position": position}
        clauses = _SOURCES[source]
        named = Selection((Clause("id", _ids(50)), *clauses))
        for query in (
            ArticleList(Selection(clauses), _STATES[state], f"ext-{_MIDDLE}", **more),
            ArticleList(named, _STATES[state], None, **more),
            ArticleList(named, _STATES[state], f"ext-{_MIDDLE}", **more, whole=True),
        ):
            check(archive, partial(article_lists.load_article_page, wanted=query, now=NOW))
            if key == "modified_at" and position is None:
                check(archive, partial(article_lists.count_articles, wanted=query, now=NOW))


_LISTED: dict[str, ArticleList] = {
    "everything": ArticleList(),
    "published": ArticleList(states=("published",)),
    "drafts": ArticleList(states=("draft",)),
    "a source": ArticleList(Selection((Clause("source", (COMMON_SOURCE,)),))),
    "a category": ArticleList(Selection((Clause("category", ("category-1",)),))),
    "a tag": ArticleList(Selection((Clause("tag", ("tag-1",)),)), whole=True),
    "a kind": ArticleList(Selection((Clause("kind", ("news",)),))),
    "a language": ArticleList(Selection((Clause("language", ("en",)),))),
    "published of a source": ArticleList(
        Selection((Clause("source", (COMMON_SOURCE,)),)), ("published",)
    ),
}


@pytest.mark.parametrize("name", _LISTED)
def test_a_newsroom_list_stops_after_its_page(name: str, archive: Database) -> None:
    for descending, position in product((True, False), (None, _PLACE)):
        query = replace(_LISTED[name], descending=descending, position=position)
        # Rows of a rare state are collected by an index of the state.
        most = ARTICLES // 20 + 50 if name == "drafts" else _FEW
        check(archive, partial(article_lists.load_article_page, wanted=query, now=NOW), most)


_LOOKUPS: dict[str, Work] = {
    "an article by id": lambda s: content.find_article(s, article_id(_MIDDLE)),
    "an article by slug": lambda s: content.find_article(s, f"slug-{_MIDDLE}"),
    "an article, locked": lambda s: content.find_article(s, article_id(_MIDDLE), lock=True),
    "articles by id": lambda s: content.lock_articles_by_ids(s, _ids(100)),
    "articles by slug": lambda s: content.lock_articles_by_slugs(
        s, [f"slug-{number}" for number in range(1, 101)]
    ),
    "an article of a source": lambda s: content.lock_article_by_external_id(
        s, COMMON_SOURCE, "ext-9"
    ),
    "an article of no source": lambda s: content.lock_article_by_external_id(s, None, "ext-9"),
    "articles of sources": lambda s: content.lock_articles_by_external_ids(
        s, [(COMMON_SOURCE, f"ext-{number}") for number in range(1, 101)]
    ),
    "articles after one": lambda s: content.lock_articles_after(s, article_id(_MIDDLE), 100),
    "articles in zones": lambda s: content.lock_scheduled_in_zones(s, NOW, "", 100),
    "what is tied": lambda s: content.load_group_members(s, _ids(10)),
    "references": lambda s: content.load_references(
        s, {"source": {COMMON_SOURCE}, "category": {"c-1"}, "article": set(_ids(10))}
    ),
    "revisions": lambda s: content.load_revisions(s, article_id(_MIDDLE), None, None, _LIMIT),
    "revisions below": lambda s: content.load_revisions(s, article_id(_MIDDLE), 9, None, _LIMIT),
    "revisions above": lambda s: content.load_revisions(s, article_id(_MIDDLE), None, 0, _LIMIT),
    "a revision": lambda s: content.find_revision(s, article_id(_MIDDLE), 2),
    "snapshots": lambda s: content.load_snapshots(s, [(element, 2) for element in _ids(100)]),
    "slugs that are taken": lambda s: content.find_taken_slugs(s, "article", ["slug-5", "slug-x"]),
    "public slugs": lambda s: content.load_public_slugs(s, "article", _ids(100)),
    "where a slug leads": lambda s: content.find_current_slug(s, "article", "slug-5"),
    "a preview": lambda s: content.find_preview(s, "preview-5"),
    "a kept answer": lambda s: access.find_answer(s, KEY, "idem-5"),
    "answers about a story": lambda s: access.replace_answer_bodies(s, article_id(5), b"x"),
    "a key by prefix": lambda s: s.first(access.KEY_BY_PREFIX, {"prefix": "prefix-5"}),
    "a key by id": lambda s: access.find_key(s, "key-5"),
    "keys": lambda s: access.list_keys_after(s, None, _LIMIT),
    "keys after": lambda s: access.list_keys_after(s, "key-5", _LIMIT),
    "keys before": lambda s: access.list_keys_before(s, "key-5", _LIMIT),
    "deliveries": lambda s: deliveries.load_page(s, HOOK, None, None, _LIMIT, backwards=False),
    "deliveries before": lambda s: deliveries.load_page(
        s, HOOK, "delivered", _MIDDLE, _LIMIT, backwards=False
    ),
    "deliveries after": lambda s: deliveries.load_page(
        s, HOOK, None, _MIDDLE, _LIMIT, backwards=True
    ),
    "a delivery": lambda s: deliveries.find_delivery(s, HOOK, "delivery-10"),
    "due deliveries": lambda s: deliveries.find_due(s, NOW, 20, under_way=(), full=()),
    "receivers": lambda s: deliveries.find_receivers(s, article_id(5)),
    "what waits": deliveries.count_pending,
    "a story by id": lambda s: story_queries.load_story_with_state(
        s, article_id(5), NOW, entitlement=PUBLIC
    ),
    "a story by slug": lambda s: story_queries.load_story(s, "slug-5", NOW, entitlement=EMBARGOED),
    "translations": lambda s: story_queries.load_translations(s, article_id(5), "", NOW),
    "a redirect": lambda s: story_queries.find_redirect_target(s, "former-5"),
    "the head of the log": lambda s: log_state.load_log_state(s, NOW),
    "the end of the log": delivery.load_last_serial,
    "rows of the log": lambda s: delivery.load_changes(s, _MIDDLE, 100),
    "last rows of stories": lambda s: delivery.load_last_changes(s, _ids(10)),
    "tags": formats.load_tags,
    "what was withdrawn": lambda s: formats.find_withdrawals(
        s, NOW, EPOCH + timedelta(minutes=ARTICLES - 3_000), ARTICLES, 20
    ),
    "changes for the index": lambda s: snapshot_queries.load_changes(s, _MIDDLE, 100),
    "what time changed": lambda s: snapshot_queries.find_unlogged(s, NOW, 100, embargoed=False),
    "texts": lambda s: list(snapshot_queries.load_texts(s, _ids(20), NOW, PUBLIC)),
    "released texts": lambda s: list(snapshot_queries.load_released_texts(s, _ids(20))),
    "newest texts": lambda s: snapshot_queries.load_texts_before(s, None, 100),
    "texts before": lambda s: snapshot_queries.load_texts_before(s, _PLACE, 100),
    "visible ids": lambda s: snapshot_queries.find_visible_ids(s, _ids(20), NOW, EMBARGOED),
    "texts of a source": lambda s: snapshot_queries.load_texts_of_source(s, COMMON_SOURCE, "", 100),
    "due stories": lambda s: delivery.lock_due_documents(s, NOW, 100),
    "expired stories": lambda s: delivery.lock_expired_documents(s, NOW, 100),
    "attributes": lambda s: delivery.load_attributes(s, _ids(20)),
    "whole documents": lambda s: delivery.load_documents(s, _ids(20)),
    "own categories": lambda s: delivery.load_own_categories(s, _ids(20)),
    "released of groups": lambda s: delivery.find_released_in_groups(s, _ids(20)),
    "offered of groups": lambda s: delivery.find_offered_in_groups(s, _ids(20), NOW),
    "embargoed groups": lambda s: delivery.find_embargoed_groups(s, _ids(20), NOW),
    "last embargoed rows": lambda s: delivery.load_last_embargoed_changes(s, _ids(20)),
    "tombstones": lambda s: delivery.load_tombstones(s, ["gone-5", "gone-6"]),
    "a tombstone": lambda s: delivery.find_tombstone(s, "gone-5", entitlement=NOTHING),
    "a follower": lambda s: delivery.load_follower_position(s, "search"),
}


@pytest.mark.parametrize("name", _LOOKUPS)
def test_every_lookup_uses_an_index(name: str, archive: Database) -> None:
    check(archive, _LOOKUPS[name])


_AUDITS: dict[str, AuditFilter] = {
    "all": AuditFilter(),
    "of a subject": AuditFilter(subject=article_id(5)),
    "of a subject, by verb": AuditFilter(subject=article_id(5), verb="publish", type="article"),
    "of a key": AuditFilter(key="key-5"),
    "of a key, by verb": AuditFilter(key="key-5", verb="publish"),
    "by verb": AuditFilter(verb="publish"),
    "since": AuditFilter(since=EPOCH + timedelta(minutes=100)),
}


@pytest.mark.parametrize("name", _AUDITS)
def test_audit_lists_use_an_index(name: str, archive: Database) -> None:
    for position, backwards in product((None, f"audit-{_MIDDLE:09d}"), (False, True)):
        check(
            archive,
            partial(
                audit_log.load_page,
                filters=_AUDITS[name],
                limit=_LIMIT,
                position=position,
                backwards=backwards,
            ),
        )


_RUNS: dict[str, Work] = {
    "a run": lambda s: delivery.load_last_of_each(s, _MIDDLE, ARTICLES, 100),
    "a run of both logs": lambda s: merged_log.load_last_of_each_merged(
        s, (_MIDDLE, _MIDDLE), (ARTICLES, ARTICLES), 100
    ),
    "what was before": lambda s: list(
        delivery.load_attributes_before(s, _MIDDLE, ARTICLES, _ids(100))
    ),
    "what changed": lambda s: delivery.find_changed(s, _MIDDLE, ARTICLES, _ids(100)),
    "the boundaries of grants": lambda s: grant_boundaries.load_boundaries(
        s, (timedelta(minutes=30), timedelta(days=1)), NOW
    ),
    "what crossed them": lambda s: grant_boundaries.load_crossings(
        s, (timedelta(minutes=30),), (to_micros(EPOCH), ""), to_micros(NOW), 100
    ),
    "what was under embargo": lambda s: list(
        merged_log.load_embargoed_before(s, _MIDDLE, ARTICLES, [f"held-{n}" for n in range(1, 99)])
    ),
}


@pytest.mark.parametrize("name", _RUNS)
def test_the_changes_stop_after_their_page(name: str, archive: Database) -> None:
    check(archive, _RUNS[name], engine=archive.engines[-1])


_PAGES: dict[str, Selection] = {
    "all": Selection(),
    "a source": Selection((Clause("source", (COMMON_SOURCE,)),)),
    "a rare source": Selection((Clause("source", (RARE_SOURCE,)),)),
    "a category": Selection((Clause("category", ("category-1",)),)),
    "categories": Selection((Clause("category", ("category-1", "category-9")),)),
    "a tag": Selection((Clause("tag", ("tag-1",)),)),
    "a tag and a kind": Selection((Clause("tag", ("tag-1",)), Clause("kind", ("news",)))),
    "not a source": Selection((Clause("source", (), (COMMON_SOURCE,)),)),
    "many sources": Selection((Clause("source", (COMMON_SOURCE, *map(str, range(30)))),)),
    "ids": Selection((Clause("id", _ids(50)),)),
    "a span": Selection(published=TimeRange(EPOCH + timedelta(minutes=500), NOW)),
}


@pytest.mark.parametrize("name", _PAGES)
def test_a_public_list_stops_after_its_page(name: str, archive: Database) -> None:
    selection = _PAGES[name]
    for descending, position, embargoed in product((True, False), (None, _PLACE), (False, True)):
        query = StoryQuery(
            selection,
            descending=descending,
            position=position,
            limit=_LIMIT - 1,
            entitlement=EMBARGOED if embargoed else PUBLIC,
        )
        work = partial(story_queries.load_page_with_state, query=query, now=NOW)
        check(archive, work, engine=archive.engines[-1])


def test_the_archive_has_few_scheduled_stories() -> None:
    assert SCHEDULED < _FEW
