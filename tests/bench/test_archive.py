"""The generated archive is one that the product could have written."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.access.selection import SelectionFields
from app.api.app import create_app
from app.bootstrap import Services, bootstrap
from app.delivery import store
from app.delivery.rendering import PAIR_FIELDS, PUBLIC_FIELDS, join_fields
from app.settings import Settings
from bench.archive import Archive, fill, sample_slugs
from bench.workload import HEADLINES, build_query, query_sizes, select_queries, vary_queries
from tests.client import make_client

pytestmark = pytest.mark.exhaustive

STORIES = 2_000


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Return a small archive."""
    file = tmp_path_factory.mktemp("archive") / "archive.db"
    counts = fill(file, STORIES)
    return Archive(file, STORIES, file.stat().st_size, 1.0, dict(counts))


@pytest.fixture(scope="module")
def services(archive: Archive) -> Iterator[Services]:
    """Return the product on that archive."""
    with closing(bootstrap(Settings(database_url=f"sqlite:///{archive.database}"))) as parts:
        yield parts


@pytest.fixture(scope="module")
def client(services: Services) -> TestClient:
    """Return a client of that product."""
    return make_client(create_app(services))


@pytest.mark.parametrize("field", [*PUBLIC_FIELDS, *map(join_fields, PAIR_FIELDS)])
def test_lists_have_the_counted_number_of_stories(
    client: TestClient, archive: Archive, field: str
) -> None:
    queries = select_queries(archive, field)
    counts = [
        client.get(f"{HEADLINES}?{query}&count=exact").json()["page"]["count"] for query in queries
    ]
    assert (min(counts), max(counts)) == query_sizes(archive, field)
    assert min(counts) > 20


def test_stories_are_complete(client: TestClient, archive: Archive) -> None:
    for slug in sample_slugs(archive.database, 5):
        story = client.get(f"/v1/articles/{slug}").json()
        assert story["slug"] == slug
        assert story["body_html"].startswith("<p>")
        assert story["source"]["name"]
        assert story["categories"][0]["name"]


def _sort_values(facts: SelectionFields | None) -> dict[str, list[str]]:
    known: dict[str, Any] = {**(facts or {})}
    return {name: sorted(value) for name, value in known.items()}


def test_the_log_has_every_story_in_the_form_that_the_product_writes(services: Services) -> None:
    with services.database.read() as session:
        rows = [row for row in store.load_changes(session, 0, 10_000) if row.type == "article"]
        written = store.load_attributes(session, [row.id for row in rows])
    assert len(rows) == STORIES
    assert {row.op for row in rows} == {"upsert"}
    for row in rows:
        known = written[row.id].values
        assert _sort_values(row.after) == _sort_values(known)


def test_all_queries_have_the_same_list_and_no_request_is_repeated(client: TestClient) -> None:
    paths = vary_queries("language=en", "language=fr")
    assert len(set(paths)) == len(paths)
    first, _, third = (client.get(path).json()["data"] for path in paths[:3])
    assert first == third == client.get(f"{HEADLINES}?language=en").json()["data"]


def test_a_pair_is_requested_by_two_filters() -> None:
    assert build_query(("source+language", "one fr")) == "source=one&language=fr"
    assert build_query(("tag", "two words")) == "tag=two+words"
