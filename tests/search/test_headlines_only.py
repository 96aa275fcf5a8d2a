"""Search for readers of headlines: no word of a body leaks."""

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.settings import Settings
from tests.api.reading import read, titles
from tests.conftest import key_for
from tests.newsroom import Newsroom

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, anonymous="headlines")


@pytest.fixture
def story(newsroom: Newsroom) -> dict[str, str]:
    summary, body = "Nobody was surprised.", "Umbrellas were sold in Zanzibar."
    return newsroom.story("Rain over Rabat", summary=summary, body=body)


@pytest.mark.usefixtures("story")
def test_readers_of_headlines_search_only_titles_and_summaries(
    client: TestClient, services: Services
) -> None:
    key = {"x-api-key": key_for(services, "read")}
    for _ in range(2):
        for typed in ("rabat", "surprised", '"nobody was surprised"', "rain surprised"):
            assert titles(client, f"/v1/search?q={typed}") == ["Rain over Rabat"], typed
        for typed in ("zanzibar", "zanzibr", "zan", '"sold in zanzibar"', "rain zanzibar"):
            answer = client.get("/v1/search", params={"q": typed, "highlight": "true"})
            assert "zanzibar" not in answer.text.lower(), typed
            assert answer.json()["data"] == [], typed
            full = client.get("/v1/search", params={"q": typed}, headers=key).json()
            assert len(full["data"]) == 1, typed


def test_words_of_bodies_do_not_keep_a_query_from_being_loosened(
    client: TestClient, services: Services, story: dict[str, str]
) -> None:
    query = {"q": "rain rabat zanzibar", "fields": "id"}
    key = {"x-api-key": key_for(services, "read")}

    loosened = client.get("/v1/search", params=query).json()
    assert loosened["data"] == [{"id": story["id"]}]
    assert loosened["corrected"] == "rain rabat zanzibar ?"
    full = client.get("/v1/search", params=query, headers=key).json()
    assert (full["data"], full["corrected"]) == (loosened["data"], None)


@pytest.mark.usefixtures("story")
def test_excluded_words_reveal_nothing_about_bodies(client: TestClient) -> None:
    assert titles(client, "/v1/search?q=-zanzibar") == ["Rain over Rabat"]
    assert titles(client, "/v1/search?q=rain%20-zanzibar") == ["Rain over Rabat"]


@pytest.mark.usefixtures("story")
def test_highlights_for_readers_of_headlines_show_only_the_title(client: TestClient) -> None:
    hit = read(client, "/v1/search?q=rain&highlight=true")["data"][0]
    assert hit["highlights"] == {"title": "<mark>Rain</mark> over Rabat", "body": []}


def test_related_stories_need_a_key(
    story: dict[str, str], client: TestClient, services: Services
) -> None:
    path = f"/v1/articles/{story['id']}/related"
    assert client.get(path).status_code == 401
    key = {"x-api-key": key_for(services, "read")}
    assert client.get(path, headers=key).status_code == 200
