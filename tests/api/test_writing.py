"""Writing: If-Match, round trips, read-only fields, and merge patches."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.reading import list_managed_routes, read
from tests.newsroom import MERGE_PATCH, Newsroom


def _put(newsroom: Newsroom, article: dict[str, Any], **fields: Any) -> Any:
    match = {"if-match": f'"v{article["version"]}"'}
    return newsroom.call("PUT", f"/articles/{article['id']}", json=article | fields, headers=match)


_BODIES = {"schedule": b'{"at": null}', "correct": b'{"note": "N"}', "kill": b'{"notice": "N"}'}


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_every_change_needs_a_version(newsroom: Newsroom) -> None:
    newsroom.article("x")
    newsroom.source("x")
    newsroom.category("x")
    json = {"content-type": "application/json"}
    checked = 0
    for method, path in list_managed_routes():
        if method == "GET" or "{ref}" not in path or "/keys" in path or path.endswith("/preview"):
            continue
        at = path.removeprefix("/v1/manage").format(ref="x", version=1)
        for match, status in ((None, 428), ('"v7"', 412), ('"other"', 412), ('"v7", "v8"', 412)):
            headers = json | ({"if-match": match} if match else {})
            content = _BODIES.get(path.rpartition("/")[2], b"{}")
            response = newsroom.call(method, at, content=content, headers=headers)
            assert response.status_code == status, (method, path, match)
        assert (
            newsroom.call(method, at, content=b"{}", headers=json | {"if-match": "7"}).json()[
                "code"
            ]
            == "bad_header"
        )
        checked += 1
    assert checked >= 12


def test_if_match_accepts_an_asterisk_or_several_versions(newsroom: Newsroom) -> None:
    article = newsroom.article()
    path = f"/articles/{article['id']}"
    for number, match in enumerate(("*", '"v1", "v2"', '"v3"')):
        response = newsroom.call(
            "PATCH",
            path,
            json={"title": f"T{number}"},
            headers={"if-match": match, "content-type": MERGE_PATCH},
        )
        assert (response.status_code, response.headers["etag"]) == (200, f'"v{number + 2}"')


def test_the_second_of_two_editors_gets_a_version_mismatch(newsroom: Newsroom) -> None:
    article = newsroom.article()
    assert _put(newsroom, article, title="First").status_code == 200
    late = _put(newsroom, article, title="Second")
    assert (late.status_code, late.json()["code"]) == (412, "version_mismatch")
    assert "current version is 2" in late.json()["detail"]
    assert newsroom.call("GET", f"/articles/{article['id']}").json()["title"] == "First"


def test_a_response_can_be_sent_back_unchanged(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.source("Desk")
    newsroom.category("World")
    first = newsroom.story("First")
    full = {
        "source": "desk",
        "categories": ["world"],
        "body": "<p>B</p>",
        "image": {"url": "https://a.example/i"},
        "authors": [{"name": "N"}],
        "translation_of": first["id"],
        "published_at": "2026-01-01T00:00:00Z",
    }
    draft = newsroom.article("Draft", language="fr", **full)
    for article in (draft, newsroom.story("Story", language="ar", **full)):
        read_again = newsroom.call("GET", f"/articles/{article['id']}").json()
        response = _put(newsroom, read_again)
        assert (response.status_code, response.json()) == (200, read_again)
        revisions = newsroom.call("GET", f"/articles/{article['id']}/revisions").json()["data"]
        assert len(revisions) == 1


def test_a_round_trip_of_a_public_story_publishes_its_changes(
    newsroom: Newsroom, client: TestClient
) -> None:
    story = newsroom.story()
    changed = _put(newsroom, story, title="Changed").json()
    assert (changed["status"], changed["version"], changed["published_version"]) == (
        "published",
        2,
        2,
    )
    assert read(client, f"/v1/articles/{story['id']}")["title"] == "Changed"
    held = _put(newsroom, changed, title="Held", status="draft").json()
    assert (held["status"], held["state"], held["published_version"]) == ("draft", "published", 2)
    assert read(client, f"/v1/articles/{story['id']}")["title"] == "Changed"


def test_put_resets_omitted_fields_but_not_the_slug(newsroom: Newsroom) -> None:
    article = newsroom.article("Old", summary="S", tags=["t"], kind="opinion")
    bare = {"title": "New", "language": "fr"}
    response = newsroom.call(
        "PUT", f"/articles/{article['id']}", json=bare, headers={"if-match": "*"}
    ).json()
    assert (response["summary"], response["tags"], response["kind"]) == (None, [], "news")
    assert (response["slug"], response["title"], response["language"]) == ("old", "New", "fr")


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_read_only_fields_cannot_be_written(newsroom: Newsroom) -> None:
    article = newsroom.article()
    patch = {"if-match": "*", "content-type": MERGE_PATCH}
    path, new = f"/articles/{article['id']}", {"title": "T", "language": "en"}
    for field, value in {
        "id": "01a00000-0000-7000-8000-000000000000",
        "version": 7,
        "state": "published",
        "created_at": "2020-01-01T00:00:00Z",
        "published_version": 1,
        "corrections": [{"at": "2020-01-01T00:00:00Z", "note": "N"}],
        "deleted_at": "2020-01-01T00:00:00Z",
    }.items():
        for response in (
            _put(newsroom, article, **{field: value}),
            newsroom.call("PATCH", path, json={field: value}, headers=patch),
        ):
            (error,) = response.json()["errors"]
            assert (response.status_code, error["code"]) == (422, "read_only")
            assert error["pointer"] == f"#/{field}"
        creation = newsroom.call("POST", "/articles", json=new | {field: value})
        assert creation.json()["errors"][0]["code"] == "unknown_field"


_UNSAID = ("height", "digital_source_type")


def test_a_merge_patch_merges_objects_and_null_removes_members(newsroom: Newsroom) -> None:
    image = {"url": "https://a.example/i", "alt": "A", "credit": "C"}
    article = newsroom.article(image=image, tags=["a", "b"], summary="S", urgency=4)
    article = newsroom.patch(article, image={"alt": None, "width": 3}, tags=["c"], urgency=None)
    assert article["image"] == {**image, "alt": None, "width": 3, **dict.fromkeys(_UNSAID)}
    assert (article["tags"], article["urgency"], article["summary"]) == (["c"], None, "S")
    article = newsroom.patch(article, image=None)
    assert article["image"] is None


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_merge_patch_cannot_remove_required_fields(newsroom: Newsroom) -> None:
    article = newsroom.article()
    response = newsroom.call(
        "PATCH",
        f"/articles/{article['id']}",
        json={"title": None, "sumary": "S"},
        headers={"if-match": "*", "content-type": MERGE_PATCH},
    )
    errors = {error["pointer"]: error for error in response.json()["errors"]}
    assert response.status_code == 422
    assert errors["#/title"]["code"] == "required"
    assert errors["#/sumary"]["code"] == "unknown_field"
    assert "'summary'" in errors["#/sumary"]["detail"]


def test_an_empty_patch_changes_nothing(newsroom: Newsroom) -> None:
    story = newsroom.story()
    assert newsroom.patch(story) == story
    assert newsroom.patch(story, title=story["title"]) == story


def test_a_patch_publishes_only_with_status_published(
    newsroom: Newsroom, client: TestClient
) -> None:
    story = newsroom.patch(newsroom.story(), title="Held")
    assert read(client, f"/v1/articles/{story['id']}")["title"] == "A title"
    story = newsroom.patch(story, status="published")
    assert (story["status"], story["version"]) == ("published", 3)
    assert read(client, f"/v1/articles/{story['id']}")["title"] == "Held"


def test_every_change_creates_a_complete_revision(newsroom: Newsroom) -> None:
    versions = [newsroom.article("One", body="<p>1</p>", tags=["t"])]
    versions.append(newsroom.patch(versions[-1], title="Two"))
    versions.append(newsroom.verb(versions[-1], "publish"))
    versions.append(newsroom.verb(versions[-1], "unpublish"))
    versions.append(newsroom.delete(versions[-1]).json())
    versions.append(newsroom.verb(versions[-1], "restore"))
    path = f"/articles/{versions[0]['id']}/revisions"
    listed = newsroom.call("GET", path).json()["data"]
    assert [item["version"] for item in listed] == [6, 5, 4, 3, 2, 1]
    assert [entry["action"] for entry in reversed(listed)] == (
        "created edited published unpublished deleted restored".split()
    )
    for version in versions:
        revision = newsroom.call("GET", f"{path}/{version['version']}").json()
        assert revision["article"] == version
        assert revision["by"]["name"] == "a key for admin"
        assert revision["at"] == version["modified_at"]
    page = newsroom.call("GET", f"{path}?limit=4").json()
    rest = newsroom.call("GET", f"{path}?limit=4&cursor={page['page']['next']}").json()
    assert [value["version"] for value in page["data"] + rest["data"]] == [6, 5, 4, 3, 2, 1]
    for bad in ("7", "0", "x", "-1", "9" * 20):
        assert newsroom.call("GET", f"{path}/{bad}").status_code == 404


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("kind", ["articles", "sources", "categories", "webhooks"])
def test_a_weak_tag_matches_no_version(newsroom: Newsroom, kind: str) -> None:
    document = {
        "articles": {"title": "T", "language": "en"},
        "webhooks": {"url": "https://receiver.example/", "events": ["*"]},
    }.get(kind, {"name": "N"})
    created = newsroom.call("POST", f"/{kind}", json=document).json()
    path = f"/{kind}/{created['id']}"
    for tag, status in (
        ('W/"v1"', {412}),
        ('W/"v1", "v2"', {412}),
        ('"v7", W/"v1"', {412}),
        ("v1", {400}),
        ('W/"v2", "v1"', {200, 204}),
    ):
        answer = newsroom.call("DELETE", path, headers={"if-match": tag})
        assert answer.status_code in status, (tag, answer.text)
