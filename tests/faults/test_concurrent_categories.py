"""Categories that move during other moves, or while stories are published in them."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from app.bootstrap import Services
from app.delivery import store
from tests.faults.commandline import assert_consistent
from tests.faults.concurrency import run_concurrently
from tests.newsroom import MERGE_PATCH, Newsroom


def test_concurrent_moves_cannot_create_a_cycle(newsroom: Newsroom, services: Services) -> None:
    for number in range(4):
        ring = [newsroom.category(f"Ring {number} {name}") for name in "abcd"]
        pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
        statuses = run_concurrently(
            [partial(_move, newsroom, pair, under) for pair, under in pairs]
        )
        assert sorted(statuses) == [200, 200, 200, 422]
        parents = {
            item["slug"]: newsroom.call("GET", f"/categories/{item['id']}").json()["parent"]
            for item in ring
        }
        for slug in parents:
            assert len(list(_find_ancestors(slug, parents))) <= len(ring)
    assert_consistent(services.settings.database_url)


@pytest.mark.slow
def test_stories_published_during_a_move_are_found_in_their_category(
    newsroom: Newsroom, services: Services
) -> None:
    africa, europe = newsroom.category("Africa"), newsroom.category("Europe")
    country = newsroom.category("Country", parent=africa["slug"])
    city = newsroom.category("City", parent=country["slug"])

    def move() -> None:
        for number in range(10):
            under = (europe, africa)[number % 2]
            assert _move(newsroom, country, under, version="*") == 200

    def publish(writer: int) -> None:
        for number in range(8):
            story = newsroom.story(f"Story {writer} {number}", categories=[city["slug"]])
            newsroom.patch(story, title="Anew", status="published")

    acts: list[Callable[[], None]] = [partial(publish, writer) for writer in range(4)]
    run_concurrently([move, *acts])
    for category, count in ((africa, 32), (europe, 0), (country, 32)):
        query = f"category={category['slug']}&count=exact&limit=1"
        page = newsroom.client.get(f"/v1/headlines?{query}").json()["page"]
        assert page["count"] == count, category
    assert_consistent(services.settings.database_url)


def test_a_category_in_use_cannot_be_deleted_concurrently(
    newsroom: Newsroom, services: Services
) -> None:
    for number in range(6):
        category = newsroom.category(f"Category {number}")
        created, removed = run_concurrently(
            [
                partial(_create, newsroom, category["slug"]),
                partial(_delete, newsroom, category),
            ]
        )
        assert (created, removed) in {(201, 409), (422, 204), (409, 204)}
    assert_consistent(services.settings.database_url)


@pytest.mark.slow
def test_a_category_moved_during_a_slug_change_is_logged_with_its_new_path(
    newsroom: Newsroom, services: Services
) -> None:
    for number in range(12):
        top = newsroom.category(f"Top {number}")
        below = newsroom.category(f"Below {number}", parent=top["slug"])
        loose = newsroom.category(f"Loose {number}")
        after = max(_find_last_change(services).values())
        acts: list[Callable[[], object]] = [
            partial(newsroom.patch, top, "categories", slug=f"tip-{number}"),
            partial(_create_below, newsroom, below),
            partial(_move, newsroom, loose, below),
        ]
        run_concurrently(acts)
        serials = _find_last_change(services, after)
        # A row from before the new slug is repeated with the new slug.
        assert min(serials, key=lambda id_: serials[id_]) == top["id"], number
        assert len(serials) == len([top, below, loose]) + 2
    assert_consistent(services.settings.database_url)


def _find_last_change(services: Services, after: int = 0) -> dict[str, int]:
    """Return the last serial, after another one, of the rows about each category."""
    with services.database.read() as session:
        return {row.id: row.serial for row in store.load_changes(session, after, 10_000)}


def _create_below(newsroom: Newsroom, parent: dict[str, Any]) -> None:
    for number in range(2):
        newsroom.category(f"New {number} in {parent['slug']}", parent=parent["id"])


def _delete(newsroom: Newsroom, category: dict[str, Any]) -> int:
    return newsroom.delete(category, "categories").status_code


def _create(newsroom: Newsroom, category: str) -> int:
    body = {"title": "T", "language": "en", "categories": [category], "status": "published"}
    return newsroom.call("POST", "/articles", json=body).status_code


def _move(
    newsroom: Newsroom, category: dict[str, Any], under: dict[str, Any], version: str = '"v1"'
) -> int:
    answer = newsroom.call(
        "PATCH",
        f"/categories/{category['id']}",
        json={"parent": under["slug"]},
        headers={"if-match": version, "content-type": MERGE_PATCH},
    )
    return answer.status_code


def _find_ancestors(slug: str, parents: dict[str, str | None]) -> Iterator[str]:
    current: str | None = slug
    while current is not None:
        yield current
        current = parents[current]
