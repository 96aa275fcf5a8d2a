"""Atom archives: archive pages contain the whole feed, and tombstones name withdrawn stories."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.syndication.model.archive_pages import find_page_boundary
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.syndication.feeds.feed_parsers import fetch, ids, links, withdrawn

SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])
API = "http://127.0.0.1:8000"


def walk(client: TestClient, path: str) -> tuple[list[str], list[str]]:
    """Follow a feed into its archive; return every id once, newest page first, and the pages."""
    found_ids: dict[str, None] = {}
    pages = [path]
    while len(pages) < 100:
        found_ids |= dict.fromkeys(ids(client, pages[-1]))
        older = links(client, pages[-1]).get("prev-archive")
        if older is None:
            return list(found_ids), pages
        pages.append(older.removeprefix(API))
    raise AssertionError("the chain of archive pages does not end")


@pytest.fixture
def stories(newsroom: Newsroom) -> list[str]:
    """Forty stories over five days, eight of them at one moment; newest first."""
    start = datetime(2026, 1, 1, 8, tzinfo=UTC)
    dated_ids = []
    for number in range(40):
        at = start + timedelta(hours=3 * (number if not 20 <= number < 28 else 20))
        story = newsroom.story(
            f"Story {number}", published_at=at.isoformat().replace("+00:00", "Z")
        )
        dated_ids.append((at, story["id"]))
    return [id_ for _, id_ in sorted(dated_ids, reverse=True)]


def test_archive_pages_contain_the_whole_feed(stories: list[str], client: TestClient) -> None:
    for limit in (3, 10, 39, 40, 100):
        archived, pages = walk(client, f"/feeds/latest.atom?limit={limit}")
        assert archived == stories, limit
        for page in pages[1:]:
            oldest = page == pages[-1]
            assert (b"<fh:archive/>" in fetch(client, page)) is not oldest
            assert links(client, page)["current"] == f"{API}{pages[0]}"
        assert b"<fh:archive/>" not in fetch(client, pages[0])


@SQLITE
@pytest.mark.parametrize("ext", ["atom", "rss"])
def test_the_pages_of_the_link_header_contain_every_story_once(
    ext: str, stories: list[str], client: TestClient
) -> None:
    listed: list[str] = []
    page: str | None = f"/feeds/latest.{ext}?limit=10"
    while page is not None:
        listed += ids(client, page)
        page = client.get(page).links.get("next", {}).get("url")
    assert listed == stories


@SQLITE
def test_archive_pages_share_no_story(stories: list[str], client: TestClient) -> None:
    _, pages = walk(client, "/feeds/latest.atom?limit=10")
    archived = [id_ for page in pages[1:] for id_ in ids(client, page)]
    assert len(archived) == len(set(archived))


@SQLITE
def test_archive_pages_keep_their_address(
    stories: list[str], newsroom: Newsroom, client: TestClient
) -> None:
    _, before = walk(client, "/feeds/latest.atom?limit=10")
    for hour in range(12):
        newsroom.story(f"New {hour}", published_at=f"2026-01-08T{hour:02}:00:00Z")
    archived, after = walk(client, "/feeds/latest.atom?limit=10")
    assert len(archived) == 52
    assert before[-1] == after[-1]
    assert len(set(before[1:]) & set(after[1:])) >= 2


@SQLITE
def test_a_feed_in_another_order_has_pages_but_no_archive(
    stories: list[str], client: TestClient
) -> None:
    relations = links(client, "/feeds/latest.atom?limit=10&sort=published_at")
    assert "prev-archive" not in relations


NEAR = timedelta(days=4_000)
INSTANTS = st.timedeltas(-NEAR, NEAR).map(lambda far: datetime(2020, 1, 1, tzinfo=UTC) + far)


@given(st.lists(INSTANTS, min_size=1, max_size=30))
def test_archive_pages_end_in_the_older_half_of_a_feed_page(moments: list[datetime]) -> None:
    moments.sort(reverse=True)
    meeting = find_page_boundary(moments)
    middle = moments[len(moments) // 2]
    if meeting is None:
        assert middle == moments[-1]
    else:
        assert moments[-1] < meeting <= middle


def test_archive_pages_end_at_round_times() -> None:
    day = datetime(2026, 3, 1, tzinfo=UTC)
    around = [day + timedelta(hours=hours) for hours in (40, 30, 20, 1.5, -3, -30)]
    assert find_page_boundary(around) == day
    assert find_page_boundary(
        [day.replace(hour=9, minute=m) for m in (50, 40, 30, 10)]
    ) == day.replace(hour=9, minute=30)


def test_withdrawn_stories_have_a_tombstone(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    newsroom.category("World")
    public, gone, deleted = (newsroom.story(slug, categories=["world"]) for slug in "abc")
    other = newsroom.story("Elsewhere")
    newsroom.article("A draft")
    clock.advance(minutes=1)
    newsroom.verb(gone, "unpublish")
    newsroom.verb(other, "unpublish")
    newsroom.delete(deleted)
    path = "/feeds/categories/world.atom"
    assert ids(client, path) == [public["id"]]
    assert withdrawn(client, path) == [deleted["id"], gone["id"]]
    assert withdrawn(client) == [deleted["id"], other["id"], gone["id"]]
    assert b'when="2026-11-22T12:01:00Z"' in fetch(client, path)
    assert b"<at:comment>unpublished</at:comment>" in fetch(client, path)


def test_a_restored_story_has_no_tombstone(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    story = newsroom.verb(newsroom.story(), "unpublish")
    assert withdrawn(client) == [story["id"]]
    story = newsroom.verb(story, "publish")
    assert (withdrawn(client), ids(client, "/feeds/latest.atom")) == ([], [story["id"]])
    story = newsroom.verb(story, "unpublish")
    newsroom.verb(story, "publish", published_at="2026-11-22T13:00:00Z")
    assert withdrawn(client) == [story["id"]]
    clock.advance(hours=1)
    assert (withdrawn(client), ids(client, "/feeds/latest.atom")) == ([], [story["id"]])


@SQLITE
def test_a_story_that_was_never_public_has_no_tombstone(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    newsroom.verb(newsroom.story(published_at="2026-11-22T13:00:00Z"), "unpublish")
    newsroom.delete(newsroom.article("draft"))
    assert withdrawn(client) == []


@SQLITE
def test_tombstones_are_kept_for_a_month(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    story = newsroom.verb(newsroom.story(), "unpublish")
    clock.advance(days=29)
    newsroom.story("Another")
    assert withdrawn(client) == [story["id"]]
    clock.advance(days=2)
    newsroom.story("A third")
    assert withdrawn(client) == []
