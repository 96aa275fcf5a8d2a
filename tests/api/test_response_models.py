"""Every response is validated against its model."""

import pytest
from starlette.testclient import TestClient

from app.api.schemas import access, documents, reading, system
from app.api.schemas import newsroom as answers
from tests.api.reading import read
from tests.newsroom import Newsroom

ADDRESS = "https://north.example/a"


@pytest.fixture
def rich(newsroom: Newsroom) -> dict[str, str]:
    """A story with a value in every field, and one without values."""
    newsroom.source("The Post", url=ADDRESS, description="D.", language="en")
    newsroom.category("World", names={"fr": "Monde"})
    newsroom.category("Africa", parent="world")
    bare = newsroom.story("Bare")
    full = newsroom.story(
        "Full",
        summary="S.",
        body="<p>B.</p>",
        source="the-post",
        categories=["africa", "world"],
        tags=["t"],
        authors=[{"name": "N", "url": ADDRESS}, {"name": "M"}],
        url=ADDRESS,
        image={"url": ADDRESS, "alt": "A", "credit": "C", "width": 2, "height": 1},
        kind="analysis",
        dateline="RABAT",
        urgency=4,
        rights={"holder": "H", "usage_terms": "U", "licence": "L"},
        external_id="x-1",
        expires_at="2030-01-01T00:00:00Z",
        translation_of=bare["id"],
        language="fr",
    )
    newsroom.story("Part", image={"url": ADDRESS}, rights={})
    return {"article": full["id"], "source": full["source"], "category": "africa"}


def test_every_delivery_response_matches_its_model(
    rich: dict[str, str], client: TestClient
) -> None:
    for path, model in (
        ("/v1/headlines?count=exact", reading.HeadlinePage),
        ("/v1/articles", reading.StoryPage),
        ("/v1/articles?include=body&limit=1", reading.StoryPage),
        ("/v1/articles/bare", documents.Story),
        (f"/v1/articles/{rich['article']}", documents.Story),
        ("/v1/sources", reading.SourcePage),
        ("/v1/sources/the-post", documents.SourceEntry),
        ("/v1/categories", reading.CategoryPage),
        ("/v1/categories?tree=true", reading.CategoryPage),
        ("/v1/categories/africa", documents.CategoryEntry),
        ("/v1/me", access.CallerInfo),
        ("/healthz", system.Liveness),
        ("/readyz", system.Readiness),
    ):
        answer = read(client, path)
        held = model.model_validate(answer)
        assert held.model_dump(exclude_unset=True) == answer, path


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_full_and_short_forms_do_not_mix(rich: dict[str, str], client: TestClient) -> None:
    bodies = {"body_html", "body_text"}
    for path, expected in (("/v1/articles", set()), ("/v1/articles?include=body", bodies)):
        for story in read(client, path)["data"]:
            documents.Story.model_validate(story)
            assert bodies & story.keys() == expected


def test_every_newsroom_response_matches_its_model(
    rich: dict[str, str], newsroom: Newsroom
) -> None:
    article = f"/articles/{rich['article']}"
    for path, model in (
        ("/articles", answers.ArticleViewPage),
        (article, answers.ArticleView),
        (f"{article}/revisions", answers.RevisionPage),
        (f"{article}/revisions/1", answers.RevisionDetail),
        ("/sources", answers.SourceViewPage),
        ("/sources/the-post", answers.SourceView),
        ("/categories", answers.CategoryViewPage),
        ("/categories/africa", answers.CategoryView),
        ("/keys", access.KeyPage),
    ):
        model.model_validate(newsroom.call("GET", path).json())
    new_key = newsroom.call("POST", "/keys", json={"name": "k", "scopes": ["read"]}).json()
    access.NewKey.model_validate(new_key)
    access.KeyView.model_validate(newsroom.call("GET", f"/keys/{new_key['id']}").json())


def test_the_example_of_the_contract_is_valid(rich: dict[str, str], client: TestClient) -> None:
    story = read(client, f"/v1/articles/{rich['article']}")
    assert (story["kind"], story["dateline"], story["urgency"]) == ("analysis", "RABAT", 4)
    assert story["published_at"] == story["first_published_at"] == "2026-11-22T12:00:00Z"
    assert story["authors"] == [{"name": "N", "url": ADDRESS}, {"name": "M", "url": None}]
    assert [category["slug"] for category in story["categories"]] == ["africa", "world"]
    assert (story["word_count"], story["reading_minutes"]) == (1, 1)
    assert set(story["source"]) == {"id", "slug", "name", "url"}
    assert "external_id" not in story
