"""Real collections are imported and read: Arabic, Spanish, and a tree of 1,286 topics."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.kit.clock import format_instant, parse_instant
from tests.transfer.collections import (
    build_arabic_lines,
    build_spanish_lines,
    build_topic_lines,
    instant,
    load_rows,
)
from tests.transfer.helpers import (
    find_last_serial,
    import_all,
    import_lines,
    list_inconsistencies,
    list_statuses,
    to_ndjson,
)

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive_on("postgresql")]


def all_stories(client: TestClient, query: str) -> Iterator[dict[str, Any]]:
    """Yield every story of a list, page by page."""
    path: str | None = f"/v1/articles?include=body&limit=100&{query}"
    while path:
        page = client.get(path).json()
        yield from page["data"]
        cursor = page["page"]["next"]
        path = f"/v1/articles?include=body&limit=100&{query}&cursor={cursor}" if cursor else None


def flat(text: str) -> str:
    """Return words only, to compare text with a different layout."""
    return " ".join(text.split())


def test_two_thousand_arabic_articles_are_imported_and_read(
    shared: Path, services: Services, client: TestClient
) -> None:
    rows = {row["id"]: row for row in load_rows(shared / "arabic" / "ant_jawhara_2000.jsonl.gz")}
    outcomes = import_all(services, *build_arabic_lines(rows.values()))
    by_id = dict(
        zip((outcome.id for outcome in outcomes[-len(rows) :]), rows.values(), strict=True)
    )
    read = 0
    for story in all_stories(client, "language=ar&source=jawhara-fm"):
        row = by_id[story["id"]]
        assert story["title"] == flat(row["title"])
        assert flat(story["body_text"]) == flat(row["body"])
        assert story["url"] == row["url"]
        assert story["published_at"] == format_instant(parse_instant(instant(row["published"])))
        read += 1
    assert read == 2_000
    listed = client.get("/v1/headlines?category=sport&count=exact").json()
    assert listed["page"]["count"] == sum(row["category"] == "sport" for row in rows.values())
    assert list_inconsistencies(services) == []


def test_spanish_articles_are_imported_and_imported_again_unchanged(
    shared: Path, services: Services, client: TestClient
) -> None:
    rows = load_rows(shared / "spanish" / "fakenewscorpus_es.jsonl.gz")
    lines = to_ndjson(build_spanish_lines(rows))
    assert set(list_statuses(import_lines(services, lines))) == {"created"}
    position = find_last_serial(services)
    assert set(list_statuses(import_lines(services, lines))) == {"unchanged"}
    assert find_last_serial(services) == position
    bodies = {flat(story["body_text"]) for story in all_stories(client, "language=es")}
    assert bodies == {flat(row["body"]) for row in rows}
    assert len(list(all_stories(client, "category=politica,politics"))) == sum(
        row["category"] in {"Politics", "Política"} for row in rows
    )


def test_the_media_topics_become_a_category_tree_in_many_languages(
    shared: Path, services: Services, client: TestClient
) -> None:
    lines = build_topic_lines(shared / "mediatopics" / "cptall-x-all.json.gz")
    assert len(lines) == 1_286
    import_all(services, *lines)
    roots = client.get("/v1/categories?tree=true").json()["data"]
    assert len(roots) == 17
    assert sum(1 for _ in _nodes(roots)) == 1_286
    cinema = client.get("/v1/categories/medtop-20000005").json()
    assert cinema["name"] == "cinema"
    assert cinema["path"] == ["medtop-01000000", "medtop-20000002", "medtop-20000005"]
    assert cinema["names"] == next(
        line["names"] for line in lines if line["slug"] == cinema["slug"]
    )
    assert {"ar", "fr", "es", "sv", "da", "zh-Hans", "pt-BR"} <= cinema["names"].keys()
    assert set(list_statuses(import_lines(services, to_ndjson(lines)))) == {"unchanged"}


def test_a_story_in_a_deep_category_is_found_by_the_root_category(
    shared: Path, services: Services, client: TestClient
) -> None:
    lines = build_topic_lines(shared / "mediatopics" / "cptall-x-all.json.gz")
    parents = {line["slug"]: line["parent"] for line in lines}
    paths = {slug: _path(slug, parents) for slug in parents}
    deepest = max(paths, key=lambda slug: len(paths[slug]))
    story = {"type": "article", "slug": "deep", "language": "en", "title": "Deep"}
    import_all(services, *lines, story | {"categories": [deepest], "status": "published"})
    assert len(paths[deepest]) >= 5
    for slug in paths[deepest]:
        (rows,) = client.get(f"/v1/headlines?category={slug}").json()["data"]
        assert rows["slug"] == "deep"


def _path(slug: str, parents: dict[str, str | None]) -> list[str]:
    path = [slug]
    while (above := parents[path[0]]) is not None:
        path.insert(0, above)
    return path


def _nodes(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        yield node
        yield from _nodes(node["children"])
