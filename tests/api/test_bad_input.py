"""Invalid input is refused with a clear problem or stored unchanged, and never causes a 500."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.reading import fill_path, read, routes
from tests.newsroom import Newsroom

DOCUMENT = {"title": "T", "language": "en"}


def _find_errors(newsroom: Newsroom, **fields: Any) -> list[tuple[str, str]]:
    response = newsroom.call("POST", "/articles", json=DOCUMENT | fields)
    assert response.status_code == 422, response.text
    return [(error["pointer"], error["code"]) for error in response.json()["errors"]]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_each_invalid_field_is_named_with_its_error(newsroom: Newsroom) -> None:
    for field, value, pointer, code in (
        ("title", "", "#/title", "too_short"),
        ("title", "   ", "#/title", "too_short"),
        ("title", 7, "#/title", "wrong_type"),
        ("title", None, "#/title", "wrong_type"),
        ("title", "x" * 10_000, "#/title", "too_long"),
        ("title", "a\u0000b", "#/title", "bad_characters"),
        ("body", "a\u0000b", "#/body", "bad_characters"),
        ("summary", "\u0000", "#/summary", "bad_characters"),
        ("language", "english", "#/language", "bad_language"),
        ("language", "e\u0000", "#/language", "bad_language"),
        ("urgency", 10, "#/urgency", "out_of_range"),
        ("urgency", "4", "#/urgency", "wrong_type"),
        ("urgency", 4.5, "#/urgency", "wrong_type"),
        ("urgency", True, "#/urgency", "wrong_type"),
        ("kind", "No Kind", "#/kind", "bad_format"),
        ("status", "live", "#/status", "not_allowed"),
        ("body_format", "rtf", "#/body_format", "not_allowed"),
        ("url", "javascript:alert(1)", "#/url", "bad_address"),
        ("url", "/relative", "#/url", "bad_address"),
        ("url", "https://a b.example/", "#/url", "bad_address"),
        ("image", {"url": "https://a.example/", "width": 0}, "#/image/width", "out_of_range"),
        ("image", {"alt": "A"}, "#/image/url", "required"),
        ("tags", "t", "#/tags", "wrong_type"),
        ("tags", ["a", "\u0000"], "#/tags/1", "bad_characters"),
        ("tags", ["t"] * 101, "#/tags", "too_long"),
        ("authors", [{"name": "N", "mail": "x"}], "#/authors/0/mail", "unknown_field"),
        ("source", "a\u0000", "#/source", "bad_characters"),
        ("titel", "T", "#/titel", "unknown_field"),
        ("a/b~c", 1, "#/a~1b~0c", "unknown_field"),
    ):
        assert _find_errors(newsroom, **{field: value}) == [(pointer, code)], (field, value)
    assert newsroom.call("GET", "/articles").json()["data"] == []


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_errors_have_no_words_of_python(newsroom: Newsroom) -> None:
    for fields, detail in (
        ({"title": ""}, "Text should have at least 1 character."),
        ({"title": "x" * 1001}, "Text should have at most 1000 characters."),
        ({"image": []}, "Input should be an object."),
    ):
        answer = newsroom.call("POST", "/articles", json=DOCUMENT | fields)
        assert [error["detail"] for error in answer.json()["errors"]] == [detail]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_all_invalid_fields_are_named_in_one_problem(newsroom: Newsroom) -> None:
    response = newsroom.call("POST", "/articles", json={"sumary": "S", "urgency": 0})
    errors = {error["pointer"]: error["detail"] for error in response.json()["errors"]}
    assert errors.keys() == {"#/title", "#/language", "#/sumary", "#/urgency"}
    assert "'summary'" in errors["#/sumary"]


def test_nul_and_lone_surrogates_are_refused_in_every_field(newsroom: Newsroom) -> None:
    newsroom.category("World")
    json = {"content-type": "application/json"}
    for text in (b"\\u0000", b"\\ud800", b"\\udc00\\ud800"):
        for body in (b'{"name":"%s"}', b'{"name":"N","%s":1}', b'{"name":"N","names":{"%s":"x"}}'):
            response = newsroom.call(
                "POST", "/categories", content=body.replace(b"%s", text), headers=json
            )
            assert response.status_code in {400, 422}, (text, body)
    assert len(newsroom.call("GET", "/categories").json()["data"]) == 1


def test_paths_with_unusual_characters_cause_no_server_error(newsroom: Newsroom) -> None:
    headers = {"if-match": "*", "content-type": "application/json"}
    # The routes of partners answer 403 to a key of the newsroom.
    for method, path in routes():
        for ref in ("%00", "a%00b", "%ff", "%ed%a0%80", "%e2%80%8f", "x" * 3000, "%27%22"):
            at = fill_path(path, ref)
            if at == fill_path(path):
                continue
            response = newsroom.client.request(
                method, at, headers=newsroom.headers | headers, content=b"{}"
            )
            expected = {403} if path.startswith("/v1/me/") else {400, 404, 422}
            assert response.status_code in expected, (method, at[:80], response.text)


def test_right_to_left_marks_and_every_script_are_kept(
    newsroom: Newsroom, client: TestClient
) -> None:
    title = "\u200fالمغرب\u200e \u202bמרוקו\u202c 🇲🇦 e\u0301 𝔄"
    story = newsroom.story(title, tags=[title], body=f"<p>{title}</p>", language="ar")
    assert story["title"] == title
    shown = read(client, f"/v1/articles/{story['id']}")
    assert (shown["title"], shown["tags"], shown["body_text"]) == (title, [title], title)


def test_a_title_of_1000_characters_is_kept(newsroom: Newsroom, client: TestClient) -> None:
    story = newsroom.story("𝔄" * 1000)
    assert read(client, f"/v1/articles/{story['id']}")["title"] == "𝔄" * 1000


def test_dates_in_the_distant_past_and_future_are_kept(
    newsroom: Newsroom, client: TestClient
) -> None:
    for title, at in (
        ("moon", "1969-07-20T20:17:40.123456Z"),
        ("gazette", "1665-11-07T00:00:00Z"),
        ("first", "0001-01-01T00:00:00Z"),
    ):
        story = newsroom.story(title, published_at=at, expires_at="9999-12-31T23:59:59Z")
        assert (story["published_at"], story["state"]) == (at, "published")
        assert read(client, f"/v1/articles/{title}")["published_at"] == at
    listed = read(client, "/v1/headlines?limit=1&published_before=1970-01-01")
    assert [item["title"] for item in listed["data"]] == ["moon"]
    following = read(
        client,
        f"/v1/headlines?published_before=1970-01-01&cursor={listed['page']['next']}",
    )
    assert [entry["title"] for entry in following["data"]] == ["gazette", "first"]
    far = newsroom.story("far", published_at="9999-12-31T23:59:59Z")
    assert far["state"] == "scheduled"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_invalid_instants_are_refused(newsroom: Newsroom) -> None:
    for bad in (
        "10000-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-02-29T00:00:00Z",
        "2026-01-01T00:00:00",
        "2026-01-01",
        "2026-01-01T25:00:00Z",
        "2026-01-01T00:00:00+99:00",
        1_767_225_600,
        "",
    ):
        assert _find_errors(newsroom, published_at=bad) == [("#/published_at", "bad_instant")], bad


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_instants_in_other_forms_become_utc(newsroom: Newsroom) -> None:
    for text, stored in (
        ("2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z"),
        ("2026-01-01t00:00:00z", "2026-01-01T00:00:00Z"),
        ("2026-01-01T00:00:00.120000000Z", "2026-01-01T00:00:00.12Z"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999Z"),
    ):
        assert newsroom.article(published_at=text)["published_at"] == stored


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_equal_tags_are_stored_once(newsroom: Newsroom) -> None:
    newsroom.category("World")
    article = newsroom.story(tags=["A", "a", "É", "e\u0301"], categories=["world", "WORLD"])
    assert (article["tags"], article["categories"]) == (["A", "É"], ["world"])
