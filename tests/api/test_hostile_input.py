"""Input from a hostile or faulty client is refused quickly, with a clear message."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.content.transfer.importer import Importer
from app.kit.sql.unit_of_work import Actor
from tests.newsroom import MERGE_PATCH, Newsroom


@pytest.fixture
def dialect() -> str:
    """Only HTTP and text are tested here, so one database is enough."""
    return "sqlite"


@pytest.mark.parametrize(
    "since",
    ["Mon, 01 Jan 99999999999 00:00:00 GMT", "Mon, 01 Jan 2026 00:00:00 +99999999999999", "x", ""],
)
def test_an_impossible_if_modified_since_is_ignored(
    since: str, newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.story()
    newsroom.category("Later")
    headers = {"if-modified-since": since}
    assert client.get("/v1/headlines", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/v1/articles/a-title", "limit=20"),
        ("/v1/articles/a-title", "sort=-published_at"),
        ("/v1/headlines", "tree=false"),
        ("/v1/sources", "sort=-published_at"),
        ("/v1/sources/none", "count=none"),
    ],
)
def test_a_default_value_is_refused_where_the_parameter_does_not_exist(
    path: str, parameter: str, newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.story()
    answer = client.get(f"{path}?{parameter}")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_parameter")


@pytest.mark.parametrize("form", ["html", "markdown"])
@pytest.mark.parametrize("tag", ["<div>", "<b>", "<x>", "<div></x>", "<span title='>'>"])
def test_excessively_nested_markup_is_refused(tag: str, form: str, newsroom: Newsroom) -> None:
    answer = newsroom.call(
        "POST",
        "/articles",
        json={"title": "A", "language": "en", "body": tag * 100_000, "body_format": form},
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0] | {"detail": ""} == {
        "pointer": "#/body",
        "code": "too_deep",
        "detail": "",
    }


def test_long_markup_without_deep_nesting_is_accepted(newsroom: Newsroom) -> None:
    body = "<ul>" + "<li><p>One <b>bold</b> word<br>" * 5_000 + "</ul>"
    assert newsroom.story(body=body)["state"] == "published"


def test_excessively_nested_json_is_refused(newsroom: Newsroom) -> None:
    article = newsroom.article()
    deep = '{"rights":' + '{"a":' * 900 + "1" + "}" * 901
    for method, path in (("PATCH", f"/articles/{article['id']}"), ("POST", "/articles")):
        media_type = MERGE_PATCH if method == "PATCH" else "application/json"
        headers = {"content-type": media_type, "if-match": '"v1"'}
        answer = newsroom.call(method, path, content=deep, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


def test_the_depth_of_categories_is_limited(newsroom: Newsroom, client: TestClient) -> None:
    parent, slugs = None, []
    for number in range(32):
        parent = newsroom.category(f"c{number}", parent=parent)["slug"]
        slugs.append(parent)
    refused = newsroom.call("POST", "/categories", json={"name": "more", "parent": parent})
    assert refused.json()["errors"][0]["code"] == "too_deep"
    top = newsroom.category("top")
    move = newsroom.call(
        "PATCH",
        "/categories/c0",
        json={"parent": top["slug"]},
        headers={"content-type": MERGE_PATCH, "if-match": "*"},
    )
    assert move.json()["errors"][0]["code"] == "too_deep"
    assert client.get("/v1/categories?tree=true").status_code == 200


def test_writes_are_refused_after_the_database_file_was_removed(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    newsroom.article("Kept")
    file = Path(str(services.database.engine.url.database))
    file.rename(file.with_suffix(".gone"))
    answer = newsroom.call("POST", "/articles", json={"title": "Lost", "language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert client.get("/readyz").status_code == 503
    file.with_suffix(".gone").rename(file)
    assert client.get("/readyz").status_code == 200
    newsroom.article("Back")


def test_a_byte_order_mark_before_the_first_line_is_ignored(services: Services) -> None:
    line = b'\xef\xbb\xbf{"type": "source", "slug": "post", "name": "The Post"}'
    importer = Importer(services.runner, Actor(None, "tests"))
    ((outcome,),) = importer.run([line])
    assert outcome.status == "created"
