"""Articles in the newsroom: create, read, list and change their state."""

import pytest
from starlette.testclient import TestClient

from tests.api.reading import titles
from tests.clock import HandClock
from tests.newsroom import Newsroom


def test_creating_returns_201_with_location_etag_and_object(newsroom: Newsroom) -> None:
    response = newsroom.call("POST", "/articles", json={"title": "T", "language": "en"})
    article = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/v1/manage/articles/{article['id']}"
    assert response.headers["etag"] == '"v1"'
    assert (article["state"], article["status"], article["version"]) == ("draft", "draft", 1)
    read = newsroom.client.get(response.headers["location"], headers=newsroom.headers)
    assert (read.json(), read.headers["etag"]) == (article, '"v1"')
    assert newsroom.call("GET", f"/articles/{article['slug']}").json() == article


def test_every_field_is_returned_as_it_was_written(newsroom: Newsroom) -> None:
    newsroom.source("Desk")
    newsroom.category("World")
    first = newsroom.article("First")
    written = {
        "title": "T",
        "language": "fr-CA",
        "slug": "t-1",
        "summary": "S",
        "body": "**B**",
        "body_format": "markdown",
        "source": "desk",
        "categories": ["world"],
        "tags": ["a", "b"],
        "authors": [{"name": "N", "url": None}],
        "url": "https://a.example/",
        "image": {
            "url": "https://a.example/i",
            "alt": "A",
            "credit": None,
            "width": 1,
            "height": 2,
            "digital_source_type": "digitalCapture",
        },
        "digital_source_type": "trainedAlgorithmicMedia",
        "kind": "opinion",
        "dateline": "RABAT",
        "urgency": 9,
        "rights": {"holder": "H", "usage_terms": None, "licence": None},
        "external_id": "x",
        "published_at": "2026-01-03T00:00:00.5Z",
        "expires_at": "2027-01-01T00:00:00Z",
        "embargo_until": "2026-01-02T00:00:00Z",
        "translation_of": first["slug"],
        "status": "draft",
    }
    read = newsroom.call("POST", "/articles", json=written).json()
    assert {name: read[name] for name in written} == written


def test_lists_contain_deleted_stories_only_on_request(
    newsroom: Newsroom, clock: HandClock
) -> None:
    newsroom.article("draft")
    newsroom.story("published")
    newsroom.story("scheduled", published_at="2027-01-01T00:00:00Z")
    newsroom.story("expired", expires_at="2020-01-01T00:00:00Z")
    newsroom.verb(newsroom.story("unpublished"), "unpublish")
    newsroom.delete(newsroom.article("deleted"))
    listed = newsroom.call("GET", "/articles?count=exact").json()
    assert listed["page"]["count"] == 5
    assert "deleted" not in {item["state"] for item in listed["data"]}
    for state in ("draft", "published", "scheduled", "expired", "unpublished", "deleted"):
        rows = newsroom.call("GET", f"/articles?state={state}").json()["data"]
        assert [(value["title"], value["state"]) for value in rows] == [(state, state)]
    both = newsroom.call("GET", "/articles?state=draft,deleted").json()["data"]
    assert {entry["title"] for entry in both} == {"draft", "deleted"}


def test_newsroom_lists_accept_the_same_filters(newsroom: Newsroom) -> None:
    newsroom.source("Desk")
    newsroom.category("World")
    newsroom.category("Africa", parent="world")
    newsroom.article("a", source="desk", categories=["africa"], tags=["X"], external_id="e-1")
    newsroom.article("b", language="fr-CA", authors=[{"name": "Zoë"}], kind="analysis")
    for query, expected in {
        "category=world": "a",
        "source=-desk": "b",
        "language=fr": "b",
        "tag=x": "a",
        "author=ZO%C3%8B": "b",
        "kind=analysis,news&kind=-news": "b",
        "external_id=e-1": "a",
        "sort=modified_at": "ab",
    }.items():
        rows = newsroom.call("GET", f"/articles?{query}").json()["data"]
        assert "".join(item["title"] for item in rows) == expected, query
    assert newsroom.call("GET", "/articles?categry=x").json()["code"] == "bad_parameter"
    assert newsroom.call("GET", "/articles?state=gone").json()["code"] == "bad_parameter"


def test_a_story_is_published_withdrawn_deleted_and_restored(
    newsroom: Newsroom, client: TestClient
) -> None:
    article = newsroom.article("Life")
    assert (article["version"], titles(client)) == (1, [])
    article = newsroom.verb(article, "publish")
    assert (article["version"], article["published_version"], titles(client)) == (2, 2, ["Life"])
    article = newsroom.verb(article, "unpublish")
    assert (article["state"], article["published_version"], titles(client)) == (
        "unpublished",
        None,
        [],
    )
    article = newsroom.verb(article, "publish")
    assert (article["version"], titles(client)) == (4, ["Life"])
    deleted = newsroom.delete(article)
    assert (deleted.status_code, deleted.json()["state"], titles(client)) == (200, "deleted", [])
    assert newsroom.call("GET", f"/articles/{article['id']}").json()["state"] == "deleted"
    article = newsroom.verb(deleted.json(), "restore")
    assert (article["state"], article["version"], titles(client)) == ("unpublished", 6, [])
    assert newsroom.verb(article, "publish")["state"] == "published"
    assert titles(client) == ["Life"]


def test_verbs_that_do_not_apply_are_refused(newsroom: Newsroom) -> None:
    draft, gone = newsroom.article("Draft"), newsroom.article("Gone")
    gone = newsroom.delete(gone).json()
    for article, verb in (
        (draft, "unpublish"),
        (draft, "restore"),
        (gone, "publish"),
        (gone, "unpublish"),
    ):
        response = newsroom.call(
            "POST", f"/articles/{article['id']}/{verb}", headers={"if-match": "*"}
        )
        assert (response.status_code, response.json()["code"]) == (409, "wrong_state"), verb
    assert newsroom.delete(gone).json()["code"] == "wrong_state"


def test_publishing_at_a_future_time_schedules_the_story(
    newsroom: Newsroom, client: TestClient
) -> None:
    story = newsroom.verb(newsroom.article(), "publish", published_at="2026-11-23T00:00:00Z")
    assert (story["state"], titles(client)) == ("scheduled", [])
    now = newsroom.verb(story, "publish", published_at="2026-11-22T12:00:00Z")
    assert (now["state"], titles(client)) == ("published", ["A title"])


def test_a_minor_update_does_not_change_updated_at(newsroom: Newsroom, clock: HandClock) -> None:
    story = newsroom.story()
    clock.advance(hours=1)
    story = newsroom.verb(newsroom.patch(story, summary="S"), "publish", update="minor")
    assert story["updated_at"] == "2026-11-22T12:00:00Z"
    story = newsroom.verb(newsroom.patch(story, summary="M"), "publish", update="major")
    assert story["updated_at"] == "2026-11-22T13:00:00Z"
    assert story["published_at"] == story["first_published_at"] == "2026-11-22T12:00:00Z"


def test_a_known_external_id_of_the_source_updates_its_story(newsroom: Newsroom) -> None:
    newsroom.source("Desk")
    newsroom.source("Wire")
    document = {"title": "T", "language": "en", "source": "desk", "external_id": "x-1"}
    first = newsroom.call("POST", "/articles", json=document)
    again = newsroom.call("POST", "/articles", json=document | {"title": "New"})
    other = newsroom.call("POST", "/articles", json=document | {"source": "wire"})
    none = newsroom.call("POST", "/articles", json=document | {"source": None})
    assert [item.status_code for item in (first, again, other, none)] == [201, 200, 201, 201]
    assert again.json()["id"] == first.json()["id"]
    assert (again.json()["title"], again.headers["etag"]) == ("New", '"v2"')
    assert "location" not in again.headers
    assert len({entry.json()["id"] for entry in (again, other, none)}) == 3


def test_an_update_by_external_id_checks_if_match_only_if_it_is_sent(newsroom: Newsroom) -> None:
    document = {"title": "T", "language": "en", "external_id": "x-1"}
    newsroom.call("POST", "/articles", json=document)
    late = newsroom.call(
        "POST", "/articles", json=document | {"title": "L"}, headers={"if-match": '"v9"'}
    )
    assert late.json()["code"] == "version_mismatch"
    fit = newsroom.call(
        "POST", "/articles", json=document | {"title": "F"}, headers={"if-match": '"v1"'}
    )
    assert (fit.status_code, fit.json()["title"]) == (200, "F")


def test_an_external_id_cannot_be_taken_from_another_story(newsroom: Newsroom) -> None:
    newsroom.article("First", external_id="x-1")
    second = newsroom.article("Second")
    response = newsroom.call(
        "PATCH",
        f"/articles/{second['id']}",
        json={"external_id": "x-1"},
        headers={"if-match": "*", "content-type": "application/merge-patch+json"},
    )
    assert (response.status_code, response.json()["code"]) == (409, "external_id_taken")


def test_unknown_references_are_refused_and_not_created(newsroom: Newsroom) -> None:
    newsroom.category("World")
    for field, value, pointer in (
        ("source", "nowhere", "#/source"),
        ("categories", ["world", "nowhere"], "#/categories/1"),
        ("translation_of", "nowhere", "#/translation_of"),
    ):
        document = {"title": "T", "language": "en", field: value}
        response = newsroom.call("POST", "/articles", json=document)
        (error,) = response.json()["errors"]
        assert (response.status_code, error["code"]) == (422, "unknown_reference")
        assert error["pointer"] == pointer
    assert newsroom.call("GET", "/articles").json()["data"] == []
    assert len(newsroom.call("GET", "/categories").json()["data"]) == 1


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_html_is_sanitised_when_it_is_stored(newsroom: Newsroom) -> None:
    body = '<p onclick="x()">A<script>alert(1)</script> <a href="/b">b</a></p>'
    article = newsroom.article(body=body, url="https://a.example/c/")
    assert "script" not in article["body"]
    assert "onclick" not in article["body"]
    assert 'href="https://a.example/b"' in article["body"]
