"""Related stories: similar in content and category, without near duplicates."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from tests.api.reading import read, titles
from tests.newsroom import Newsroom

Follow = Callable[[], None]
_WHEAT = (
    "Wheat growers in the Gharb plain expect the poorest harvest in eight years after a winter "
    "with hardly any rain. Cooperatives ask for seed on credit and for later repayments."
)


@pytest.fixture
def farming(newsroom: Newsroom, follow: Follow) -> None:
    """A story about wheat, similar and different ones, copies and a translation."""
    newsroom.category("Farming")
    newsroom.category("Sport")
    main = newsroom.story("Wheat fails", slug="wheat-fails", body=_WHEAT, categories=["farming"])
    newsroom.story("Wheat fails in the plain", body=_WHEAT + " More soon.", categories=["farming"])
    newsroom.story("Le blé manque", language="fr", body=_WHEAT, translation_of=main["id"])
    newsroom.story("Bread is dear", body="Wheat is imported as the harvest in the Gharb failed.")
    newsroom.story("Seed on credit", body="Cooperatives lend wheat seed.", categories=["farming"])
    newsroom.story("Le blé cher", language="fr", body="Wheat harvest Gharb cooperatives seed.")
    newsroom.story("A draw", body="Nil nil after ninety minutes.", categories=["sport"])
    for number in range(20):
        # Words that occur in all stories have little weight.
        newsroom.story(f"Note {number}", body=f"After the winter, in the {number}th year. Later.")
    follow()


@pytest.mark.usefixtures("farming")
def test_similar_stories_are_first_and_near_duplicates_are_excluded(client: TestClient) -> None:
    found_titles = titles(client, "/v1/articles/wheat-fails/related")
    assert set(found_titles[:2]) == {"Bread is dear", "Seed on credit"}
    assert not {"Wheat fails", "Wheat fails in the plain", "Le blé manque", "A draw"} & set(
        found_titles
    )
    assert "Le blé cher" not in found_titles


@pytest.mark.usefixtures("farming")
def test_filters_and_fields_apply(client: TestClient) -> None:
    path = "/v1/articles/wheat-fails/related"
    assert titles(client, f"{path}?category=farming") == ["Seed on credit"]
    assert titles(client, f"{path}?language=fr") == ["Le blé cher"]
    page = read(client, f"{path}?limit=1&fields=title")
    assert [set(story) for story in page["data"]] == [{"title"}]
    answer = client.get(f"{path}?categry=farming")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "?categry")


@pytest.mark.usefixtures("farming")
def test_a_former_slug_redirects_and_an_unknown_one_is_a_404(
    client: TestClient, newsroom: Newsroom
) -> None:
    story = newsroom.call("GET", "/articles/wheat-fails").json()
    newsroom.patch(story, slug="no-wheat", status="published")
    answer = client.get("/v1/articles/wheat-fails/related?limit=1")
    assert answer.status_code == 301
    assert answer.headers["location"] == "/v1/articles/no-wheat/related?limit=1"
    assert client.get("/v1/articles/nowhere/related").status_code == 404
    newsroom.verb(newsroom.call("GET", "/articles/no-wheat").json(), "kill", notice="Untrue.")
    killed = client.get("/v1/articles/no-wheat/related")
    assert (killed.status_code, killed.json()) == (410, {**killed.json(), "code": "killed"})


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_cached_answer_is_dropped_when_any_story_changes(
    newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    newsroom.story("Wheat one", slug="one", body="Wheat in the Gharb.")
    follow()
    assert titles(client, "/v1/articles/one/related") == []
    newsroom.story("Wheat two", body="More about the Gharb and its wheat.")
    assert titles(client, "/v1/articles/one/related") == ["Wheat two"]
    follow()
    assert titles(client, "/v1/articles/one/related") == ["Wheat two"]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_words_of_every_story_are_harmless_after_edits(
    client: TestClient, newsroom: Newsroom, follow: Follow, services: Services
) -> None:
    text = "The people of the town talked about {0} and the {1} {2} for a week. {0}x {2} {0}y {2}"
    bodies = [text.format(f"thing{n // 2}", f"what{n}", f"other{n}") for n in range(60)]
    stories = [newsroom.story(f"Story {n}", slug=f"s-{n}", body=bodies[n]) for n in range(60)]
    follow()
    for n in range(3):
        newsroom.patch(stories[n], summary="Edited.", status="published")
        follow()
        assert titles(client, f"/v1/articles/s-{n + 10}/related?limit=5") == [
            f"Story {(n + 10) ^ 1}"
        ]
        assert len(titles(client, f"/v1/search?q=people+town&limit={n + 10}")) == n + 10
        assert services.search.status().stories == 60


@pytest.mark.usefixtures("farming")
def test_a_story_that_is_not_indexed_yet_has_the_same_related_stories(
    client: TestClient, newsroom: Newsroom
) -> None:
    body = "In the Gharb cooperatives have no wheat seed. Later, after the winter, in the year."
    newsroom.story("Growers wait", slug="growers-wait", body=body)
    newsroom.story("Waiting for seed", body="The Gharb has no seed, and wheat growers wait.")
    found_titles = titles(client, "/v1/articles/growers-wait/related")
    assert "Waiting for seed" in found_titles[:2]
    assert {"Seed on credit", "Wheat fails"} <= set(found_titles)
    assert not [title for title in found_titles if title.startswith("Note")]
