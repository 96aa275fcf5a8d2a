"""An export imported into the other kind of database is the same for readers."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.worker import log_due_changes
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.transfer.helpers import (
    export_all,
    import_all,
    import_lines,
    list_inconsistencies,
    list_statuses,
    open_client,
)

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive_on("postgresql")]

CORRECTED = {
    "type": "article",
    "id": "0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44",
    "slug": "corrected",
    "language": "es",
    "title": "Corregida",
    "state": "published",
    "version": 7,
    "published_version": 7,
    "published_at": "2026-11-01T08:00:00Z",
    "first_published_at": "2026-10-31T08:00:00Z",
    "updated_at": "2026-11-02T08:00:00.123456Z",
    "created_at": "2026-10-30T08:00:00Z",
    "modified_at": "2026-11-02T08:00:00.123456Z",
    "corrections": [{"at": "2026-11-02T08:00:00Z", "note": "El río es otro."}],
    "former_slugs": ["corregida", "antes"],
}


@pytest.fixture
def full_newsroom(newsroom: Newsroom, services: Services, clock: HandClock) -> dict[str, Any]:
    """A newsroom with stories in every state, and with every kind of change."""
    import_all(services, CORRECTED)
    _taxonomy(newsroom, clock)
    stories = {
        "plain": newsroom.story("Plain", **_whole()),
        "draft": newsroom.article("Draft", source="post"),
        "scheduled": newsroom.story("Ahead", published_at="2026-11-22T18:00:00Z"),
        "by the wall": newsroom.article("By the wall"),
        "expiring": newsroom.story("Short-lived", expires_at="2026-11-22T18:00:00Z"),
        "expired": newsroom.story("Over", expires_at="2026-11-22T11:00:00Z"),
        "embargoed": newsroom.story("Embargo", embargo_until="2026-11-22T18:00:00Z"),
        "behind": newsroom.story("Public copy", categories=["japan"], tags=["old"]),
        "renamed": newsroom.story("First name"),
        "gone": newsroom.story("Gone"),
        "gone with a word": newsroom.story("Withdrawn"),
        "led elsewhere": newsroom.story("Led elsewhere"),
        "killed": newsroom.story("Killed", categories=["japan"], tags=["kill"]),
        "killed draft": newsroom.article("Killed draft"),
        "deleted": newsroom.story("Deleted"),
        "deleted draft": newsroom.article("Deleted draft"),
        "markdown": newsroom.story("Md", body="*a* [b](/c)", body_format="markdown", source="post"),
        "text": newsroom.story("Text", body="a\n\nb < c", body_format="text"),
    }
    clock.advance(minutes=5)
    newsroom.patch(stories["behind"], title="Working copy", categories=["asia"], tags=["new"])
    _rename_twice(newsroom, stories["renamed"])
    unpublished = newsroom.verb(stories["gone"], "unpublish")
    newsroom.patch(unpublished, slug="gone-and-renamed")
    newsroom.verb(stories["gone with a word"], "unpublish", answer="gone", notice="A reason.")
    plain = stories["plain"]["id"]
    newsroom.verb(stories["led elsewhere"], "unpublish", answer="redirect", redirect_to=plain)
    nine = {"at": "2026-11-22T19:00", "time_zone": "Africa/Casablanca"}
    newsroom.verb(stories["by the wall"], "schedule", **nine)
    for name in ("killed", "killed draft"):
        newsroom.verb(stories[name], "kill", notice="A mistake.")
    for name in ("deleted", "deleted draft"):
        assert newsroom.delete(stories[name]).is_success
    original = stories["plain"]["slug"]
    newsroom.story("Traduit", language="fr", translation_of=original)
    newsroom.story("مترجم", language="ar", translation_of=original)
    clock.advance(minutes=5)
    return stories


def _whole() -> dict[str, Any]:
    return {
        "source": "post",
        "external_id": "x-1",
        "categories": ["japan", "sport"],
        "tags": ["Été", "b"],
        "authors": [{"name": "Nadia"}],
        "summary": "In short",
        "body": '<p>Words <a href="/more">more</a></p>',
        "url": "https://post.example/plain",
        "image": {"url": "https://post.example/a.jpg", "width": 10},
        "rights": {"holder": "Us"},
        "dateline": "RABAT",
        "urgency": 3,
        "published_at": "2026-11-20T08:00:00Z",
    }


def _taxonomy(newsroom: Newsroom, clock: HandClock) -> None:
    source = newsroom.source("Post", url="https://post.example")
    newsroom.category("Asia", names={"ar": "آسيا"})
    japan = newsroom.category("Nippon", parent="asia", names={"fr": "Japon"})
    newsroom.category("Sport")
    clock.advance(minutes=1)
    newsroom.patch(source, "sources", name="The Post", description="Daily")
    newsroom.patch(japan, "categories", slug="japan")


def _rename_twice(newsroom: Newsroom, article: dict[str, Any]) -> None:
    for slug in ("second-name", "third-name"):
        article = newsroom.patch(article, slug=slug, status="published")


def read_everything(client: TestClient, refs: list[str]) -> dict[str, Any]:
    """Return everything that readers get, byte by byte, at every known address."""
    paths = [
        *("/v1/headlines?limit=100", "/v1/articles?limit=100&include=body&count=exact"),
        *("/v1/articles?category=asia", "/v1/articles?category=-sport", "/v1/headlines?limit=3"),
        *("/v1/articles?source=post", "/v1/articles?tag=old,été", "/v1/articles?author=nadia"),
        *("/v1/articles?language=fr", "/v1/headlines?sort=-updated_at"),
        *("/v1/sources", "/v1/categories", "/v1/categories?tree=true", "/v1/sources/post"),
        *("/v1/categories/japan", "/v1/categories/nippon", "/v1/categories/asia"),
        *(f"/v1/articles/{ref}" for ref in refs),
    ]
    answers = {}
    for path in paths:
        answer = client.get(path)
        wrong = answer.status_code >= 400
        body = answer.json()["detail"] if wrong else answer.content
        answers[path] = (answer.status_code, answer.headers.get("location"), body)
    return answers


def test_readers_get_identical_bytes_from_the_other_database(
    full_newsroom: dict[str, Any],
    services: Services,
    elsewhere: Services,
    client: TestClient,
    clock: HandClock,
) -> None:
    exported = export_all(services)
    assert set(list_statuses(import_lines(elsewhere, exported))) == {"created"}
    refs = [value[key] for value in full_newsroom.values() for key in ("id", "slug")]
    refs += ["second-name", "third-name", "corrected", "corregida", "antes", "gone-and-renamed"]
    with open_client(elsewhere) as there:
        assert read_everything(there, refs) == read_everything(client, refs)
        clock.advance(hours=12)
        assert read_everything(there, refs) == read_everything(client, refs)
        for house in (services, elsewhere):
            log_due_changes(house)
        assert read_everything(there, refs) == read_everything(client, refs)
    assert list_inconsistencies(elsewhere) == list_inconsistencies(services) == []


@pytest.mark.usefixtures("full_newsroom")
def test_an_imported_export_is_exported_unchanged(services: Services, elsewhere: Services) -> None:
    exported = export_all(services)
    import_lines(elsewhere, exported)
    assert export_all(elsewhere) == exported


@pytest.mark.usefixtures("full_newsroom")
def test_importing_an_export_into_its_own_database_changes_nothing(
    services: Services, elsewhere: Services
) -> None:
    exported = export_all(services)
    assert set(list_statuses(import_lines(services, exported))) == {"unchanged"}
    assert export_all(services) == exported
    import_lines(elsewhere, exported)
    assert set(list_statuses(import_lines(elsewhere, exported))) == {"unchanged"}


def test_an_imported_story_can_be_edited_further(
    full_newsroom: dict[str, Any], services: Services, elsewhere: Services
) -> None:
    from tests.conftest import key_for

    import_lines(elsewhere, export_all(services))
    with open_client(elsewhere) as there:
        newsroom = Newsroom(there, key_for(elsewhere, "admin"))
        gone = newsroom.call("GET", f"/articles/{full_newsroom['gone']['id']}").json()
        newsroom.verb(gone, "publish")
        moved = there.get("/v1/articles/gone")
        assert moved.status_code == 301
        assert moved.headers["location"].endswith("/v1/articles/gone-and-renamed")
        taken = newsroom.call(
            "POST", "/articles", json={"title": "T", "language": "en", "slug": "second-name"}
        )
        assert taken.json()["code"] == "slug_taken"
        behind = newsroom.call("GET", f"/articles/{full_newsroom['behind']['id']}").json()
        newsroom.verb(behind, "publish")
        assert there.get(f"/v1/articles/{behind['id']}").json()["title"] == "Working copy"
        for name, state in (("deleted", "unpublished"), ("deleted draft", "draft")):
            was = newsroom.call("GET", f"/articles/{full_newsroom[name]['id']}").json()
            assert newsroom.verb(was, "restore")["state"] == state
    assert list_inconsistencies(elsewhere) == []


@pytest.mark.usefixtures("full_newsroom")
def test_an_export_can_be_imported_one_line_at_a_time(
    services: Services, elsewhere: Services
) -> None:
    exported = export_all(services)
    for line in exported:
        assert list_statuses(import_lines(elsewhere, [line])) == ["created"]
    assert export_all(elsewhere) == exported
