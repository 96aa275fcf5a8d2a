"""Suggestions: completions of titles, tags, sources and categories."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from tests.api.reading import read
from tests.newsroom import Newsroom

Follow = Callable[[], None]


@pytest.fixture
def archive(newsroom: Newsroom, follow: Follow) -> None:
    newsroom.category("Climate")
    newsroom.source("The Climber's Gazette")
    newsroom.story("Climbing in the Atlas", tags=["climbing", "Climate"])
    newsroom.story("A climate of doubt", tags=["climate"])
    follow()
    newsroom.story("Climbers turn back", tags=["Climax"])


def _suggest(client: TestClient, typed: str, **more: str) -> list[tuple[str, str, str]]:
    answer = client.get("/v1/suggest", params={"q": typed, **more})
    assert answer.status_code == 200, answer.text
    return [
        (suggestion["type"], suggestion["text"], suggestion["ref"])
        for suggestion in answer.json()["data"]
    ]


@pytest.mark.usefixtures("archive")
def test_suggestions_of_each_type_complete_the_query(client: TestClient) -> None:
    suggestions = _suggest(client, "clim")
    assert (
        suggestions[:5]
        == [
            ("category", "Climate", "climate"),
            ("source", "The Climber's Gazette", "the-climber-s-gazette"),
            ("tag", "Climate", "Climate"),
            ("tag", "Climax", "Climax"),
            ("tag", "climbing", "climbing"),
        ]
        or suggestions[2][2].lower() == "climate"
    )
    assert {text for type_, text, _ in suggestions if type_ == "title"} == {
        "Climbing in the Atlas",
        "A climate of doubt",
        "Climbers turn back",
    }
    assert [suggestion[1] for suggestion in _suggest(client, "climbing in the at")] == [
        "Climbing in the Atlas"
    ]


@pytest.mark.usefixtures("archive")
def test_the_reference_of_a_suggestion_can_be_requested(client: TestClient) -> None:
    for type_, text, ref in _suggest(client, "clim", limit="50"):
        if type_ == "title":
            assert read(client, f"/v1/articles/{ref}")["title"] == text
        else:
            assert client.get("/v1/headlines", params={type_: ref}).status_code == 200


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_empty_query_has_no_suggestions(client: TestClient) -> None:
    assert _suggest(client, "") == _suggest(client, "  ") == _suggest(client, "xyz") == []
    assert len(_suggest(client, "clim", limit="2")) == 2
    answer = client.get("/v1/suggest")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "required")


def test_accents_and_marks_are_optional_for_every_type(
    client: TestClient, newsroom: Newsroom, follow: Follow
) -> None:
    newsroom.category("Économie")
    newsroom.source("Ecole de presse")
    newsroom.story("Écologie", tags=["Écran", "كِتَاب"])
    follow()
    for typed in ("ec", "éc", "EC"):
        suggestions = [text for _, text, _ in _suggest(client, typed)]
        assert suggestions == ["Économie", "Ecole de presse", "Écran", "Écologie"]
    assert _suggest(client, "كتا") == [("tag", "كِتَاب", "كِتَاب")]


@pytest.mark.parametrize(
    ("typed", "text"),
    [("UN wo", "U.N. Women"), ("U.N. wo", "U.N. Women"), ("covid1", "COVID-19"), ("b 5", "B-52")],
)
def test_other_notations_are_completed(
    client: TestClient, newsroom: Newsroom, typed: str, text: str
) -> None:
    newsroom.category(text)

    assert [text for _, text, _ in _suggest(client, typed)] == [text]


@pytest.mark.parametrize(
    ("typed", "text"), [("US", "U.S."), ("U.S.", "US"), ("covid19", "COVID-19"), ("b-52", "B52")]
)
def test_tags_and_titles_are_completed_in_other_notations(
    client: TestClient, newsroom: Newsroom, typed: str, text: str
) -> None:
    newsroom.story(text, tags=[text])

    assert {(type_, text) for type_, text, _ in _suggest(client, typed)} == {
        ("tag", text),
        ("title", text),
    }
