"""Revisions are complete, can be compared by field and word, and can be restored."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.content.revision_diff import compare_views
from app.content.views import WRITABLE
from tests.api.reading import titles
from tests.newsroom import Newsroom


def compare(newsroom: Newsroom, article: dict[str, Any], version: int, other: int) -> Any:
    path = f"/articles/{article['id']}/revisions/{version}?diff={other}"
    return newsroom.call("GET", path).json()


def test_versions_are_compared_by_field_and_word(newsroom: Newsroom) -> None:
    article = newsroom.article("A bridge in Rabat", tags=["a"], body="<p>Old, and long.</p>")
    article = newsroom.patch(article, title="A bridge in Sal\u00e9, Morocco", tags=["a", "b"])
    newsroom.patch(article, body="<p>New, and long.</p>", summary="S")
    comparison = compare(newsroom, article, 3, 1)
    assert (comparison["version"], comparison["compared_with"], comparison["action"]) == (
        3,
        1,
        "edited",
    )
    changes = {change["field"]: change for change in comparison["changes"]}
    assert list(changes) == ["body", "summary", "tags", "title"]
    assert changes["tags"] == {"field": "tags", "before": ["a"], "after": ["a", "b"], "words": None}
    assert changes["title"]["words"] == [
        {"op": "same", "text": "A bridge in "},
        {"op": "removed", "text": "Rabat"},
        {"op": "added", "text": "Sal\u00e9, Morocco"},
    ]
    assert [word["op"] for word in changes["body"]["words"]] == ["same", "removed", "added", "same"]
    assert changes["summary"]["words"] == [{"op": "added", "text": "S"}]
    assert compare(newsroom, article, 2, 2)["changes"] == []


def test_a_correction_appears_in_the_comparison(newsroom: Newsroom) -> None:
    story = newsroom.verb(newsroom.story(), "correct", note="Not two hives, but one.")
    (change,) = compare(newsroom, story, 2, 1)["changes"]
    assert (change["field"], change["before"]) == ("corrections", [])
    assert [element["note"] for element in change["after"]] == ["Not two hives, but one."]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_invalid_version_is_refused(newsroom: Newsroom) -> None:
    article = newsroom.article()
    path = f"/articles/{article['id']}/revisions"
    for query, status in (("1?diff=7", 404), ("7?diff=1", 404), ("1?diff=x", 400), ("x", 404)):
        assert newsroom.call("GET", f"{path}/{query}").status_code == status
    answer = newsroom.call("POST", f"{path}/7/restore", headers={"if-match": "*"})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "words"),
        ("one two three", "three two one"),
        ("<p>a</p><p>b</p>", "<p>b</p><p>a</p>"),
        ("\u0645\u0631\u062d\u0628\u0627 \u0628\u0643", "\u0645\u0631\u062d\u0628\u0627"),
        ("word " * 3_000, "other " * 3_000),
        ("a  b c\n", "\n a b  d"),
    ],
)
def test_the_compared_words_reproduce_both_texts(before: str, after: str) -> None:
    fields = dict.fromkeys(WRITABLE["article"] | {"corrections"})
    (change,) = compare_views(fields | {"body": before}, fields | {"body": after})
    for op, text in (("removed", before), ("added", after)):
        texts = [word["text"] for word in change["words"] if word["op"] in {"same", op}]
        assert "".join(texts) == text


def test_white_space_does_not_change_a_word() -> None:
    fields = dict.fromkeys(WRITABLE["article"] | {"corrections"})
    before, after = "<p>one two three</p>", "<p>one TWO three four</p>"
    (change,) = compare_views(fields | {"body": before}, fields | {"body": after})
    assert [(word["op"], word["text"]) for word in change["words"]] == [
        ("same", "<p>one "),
        ("removed", "two "),
        ("added", "TWO "),
        ("same", "three"),
        ("added", " four"),
        ("same", "</p>"),
    ]


def test_restoring_a_version_creates_a_new_version(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.category("World")
    story = newsroom.story("First", body="<p>One.</p>", categories=["world"], tags=["a"])
    story = newsroom.patch(story, title="Second", categories=[], slug="second", status="published")
    back = newsroom.verb(story, "revisions/1/restore", reason="It was better.")
    assert (back["title"], back["categories"], back["tags"]) == ("First", ["world"], ["a"])
    assert (back["slug"], back["version"], back["state"]) == ("second", 3, "published")
    assert (back["status"], titles(client)) == ("draft", ["Second"])
    (last,) = newsroom.call("GET", f"/articles/{story['id']}/revisions?limit=1").json()["data"]
    assert (last["action"], last["note"]) == ("restored", "It was better.")
    same = newsroom.verb(back, "revisions/1/restore")
    assert same["version"] == 3


def test_restoring_a_version_reports_deleted_references(newsroom: Newsroom) -> None:
    category = newsroom.category("World")
    article = newsroom.patch(newsroom.article(categories=["world"]), categories=[])
    assert newsroom.delete(category, "categories").is_success
    answer = newsroom.call(
        "POST", f"/articles/{article['id']}/revisions/1/restore", headers={"if-match": "*"}
    )
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "#/categories/0")
    assert error["code"] == "unknown_reference"
