"""Search under embargo: results for entitled keys, and no hint for other readers."""

import pytest
from starlette.testclient import TestClient

from app.api.schemas import reading
from app.bootstrap import Services
from app.search import overlay
from app.worker import log_due_changes
from tests.clock import HandClock
from tests.conftest import key_for
from tests.newsroom import Newsroom
from tests.search.test_searching import Follow

UNTIL = "2026-11-22T18:00:00Z"
SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])
Headers = dict[str, str]


@pytest.fixture
def entitled(newsroom: Newsroom) -> Headers:
    """The headers of an entitled reader."""
    body = {"name": "partner", "scopes": ["read"], "embargoed": True}
    new_key = newsroom.call("POST", "/keys", json=body).json()
    return {"authorization": f"Bearer {new_key['key']}"}


@pytest.fixture
def embargoed_id(newsroom: Newsroom, follow: Follow) -> str:
    """The id of a story under embargo, next to a similar public one."""
    newsroom.category("Floods")
    body = "<p>The reservoir of Almería overflowed in heavy rain last night, officials said.</p>"
    more = {"categories": ["floods"], "body": body}
    newsroom.story("Rain over the reservoir", tags=["rain"], **more)
    body = "<p>Engineers knew of the cracked reservoir wall of Almería; heavy rain did it.</p>"
    follow()
    story = newsroom.story(
        "Reservoir zanzibar",
        embargo_until=UNTIL,
        tags=["zanzibarite"],
        categories=["floods"],
        body=body,
    )
    follow()
    id_: str = story["id"]
    return id_


def _titles(client: TestClient, path: str, headers: Headers) -> list[str]:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return [entry.get("title") or entry["text"] for entry in answer.json()["data"]]


def test_entitled_readers_find_an_embargoed_story_with_its_embargo(
    embargoed_id: str, client: TestClient, entitled: Headers
) -> None:
    path = "/v1/search?q=reservoir&count=exact&facets=tag,category&highlight=true"
    page = client.get(path, headers=entitled).json()
    stories = {story["title"]: story for story in page["data"]}
    assert reading.SearchPage.model_validate(page).model_dump(exclude_unset=True) == page
    hit = stories["Reservoir zanzibar"]
    assert (hit["embargoed"], hit["embargo_until"], page["complete"]) == (True, UNTIL, True)
    assert "<mark>reservoir</mark>" in hit["highlights"]["body"][0]
    assert "embargoed" not in stories["Rain over the reservoir"]
    assert page["page"]["count"] == 2
    assert [value["value"] for value in page["facets"]["tag"]] == ["rain", "zanzibarite"]
    assert page["facets"]["category"][0]["count"] == 2
    few = client.get("/v1/search?q=zanzibar&fields=title", headers=entitled).json()["data"]
    assert few == [{"title": "Reservoir zanzibar", "embargoed": True, "embargo_until": UNTIL}]


def test_entitled_readers_find_the_latest_version(
    embargoed_id: str, newsroom: Newsroom, client: TestClient, entitled: Headers
) -> None:
    path = "/v1/search?q=zanzibar"
    assert _titles(client, path, entitled) == ["Reservoir zanzibar"]
    story = newsroom.call("GET", f"/articles/{embargoed_id}").json()
    newsroom.patch(story, title="Reservoir quagga", tags=[], status="published")
    assert _titles(client, "/v1/search?q=quagga", entitled) == ["Reservoir quagga"]
    assert _titles(client, path, entitled) == []


def test_entitled_readers_get_suggestions_corrections_and_related_stories(
    embargoed_id: str, client: TestClient, entitled: Headers
) -> None:
    suggested = client.get("/v1/suggest?q=zanz", headers=entitled).json()
    assert (
        reading.SuggestionList.model_validate(suggested).model_dump(exclude_unset=True) == suggested
    )
    assert {
        suggestion["type"]: suggestion.get("embargo_until") for suggestion in suggested["data"]
    } == {
        "tag": None,
        "title": UNTIL,
    }
    corrected = client.get("/v1/search?q=zanzibra", headers=entitled).json()
    assert (corrected["corrected"], len(corrected["data"])) == ("zanzibar", 1)
    like = "/v1/articles/rain-over-the-reservoir/related"
    related = client.get(like, headers=entitled).json()
    assert [story["embargo_until"] for story in related["data"]] == [UNTIL]
    own = f"/v1/articles/{embargoed_id}/related"
    assert _titles(client, own, entitled) == ["Rain over the reservoir"]


def test_other_readers_get_no_hint_of_an_embargoed_story(
    newsroom: Newsroom,
    client: TestClient,
    entitled: Headers,
    services: Services,
    embargoed_id: str,
) -> None:
    reader = {"authorization": f"Bearer {key_for(services, 'admin')}"}
    for headers in ({}, reader):
        for path in (
            "/v1/search?q=reservoir&count=exact&facets=category,tag,source,kind",
            "/v1/search?q=zanzibra&facets=tag",
            "/v1/search?q=zanz",
            f"/v1/search?q={embargoed_id}",
            "/v1/suggest?q=zanz",
            "/v1/suggest?q=reserv",
            "/v1/articles/rain-over-the-reservoir/related",
        ):
            # The answer of an entitled reader must not be cached for others.
            client.get(path, headers=entitled)
            text = client.get(path, headers=headers).text.lower()
            visible = text.replace("zanzibra", "")
            assert "zanz" not in visible, path
            assert embargoed_id not in visible, path
        page = client.get("/v1/search?q=reservoir&count=exact", headers=headers).json()
        assert (page["page"]["count"], page["complete"]) == (1, True)
        assert (
            client.get(f"/v1/articles/{embargoed_id}/related", headers=headers).status_code == 404
        )


def test_the_index_never_contains_a_story_under_embargo(
    embargoed_id: str, client: TestClient, services: Services, clock: HandClock, follow: Follow
) -> None:
    assert services.index.reader().count() == 1
    clock.advance(hours=7)
    assert _titles(client, "/v1/search?q=zanzibar", {}) == ["Reservoir zanzibar"]
    log_due_changes(services)
    follow()
    assert services.index.reader().count() == 2


def test_an_embargoed_story_is_found_until_it_expires_or_is_withdrawn(
    newsroom: Newsroom, client: TestClient, entitled: Headers, clock: HandClock
) -> None:
    story = newsroom.article(
        "Zanzibar", embargo_until=UNTIL, expires_at="2026-11-22T19:00:00Z", body="<p>Rain.</p>"
    )
    newsroom.verb(story, "schedule", at="2026-11-22T15:00:00Z")
    newsroom.story("Zanzibar again", embargo_until=UNTIL)
    path = "/v1/search?q=zanzibar&sort=published_at"
    assert _titles(client, path, entitled) == ["Zanzibar again"]
    clock.advance(hours=3)
    assert sorted(_titles(client, path, entitled)) == ["Zanzibar", "Zanzibar again"]
    again = newsroom.call("GET", "/articles/zanzibar-again").json()
    newsroom.verb(again, "kill", notice="Wrong.")
    assert _titles(client, path, entitled) == ["Zanzibar"]
    clock.advance(hours=4)
    assert _titles(client, path, entitled) == _titles(client, path, {}) == []


@SQLITE
def test_an_order_by_date_includes_embargoed_stories(
    embargoed_id: str, client: TestClient, entitled: Headers
) -> None:
    first = client.get("/v1/search?q=reservoir&sort=-published_at&limit=1", headers=entitled).json()
    assert first["data"][0]["title"] == "Reservoir zanzibar"
    following = f"&cursor={first['page']['next']}"
    path = f"/v1/search?q=reservoir&sort=-published_at&limit=1{following}"
    assert _titles(client, path, entitled) == ["Rain over the reservoir"]


@SQLITE
def test_with_too_many_embargoed_stories_the_answer_is_marked_incomplete(
    embargoed_id: str,
    newsroom: Newsroom,
    client: TestClient,
    entitled: Headers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(overlay, "MOST_EMBARGOED", 1)
    newsroom.story("Another reservoir", embargo_until=UNTIL)
    page = client.get("/v1/search?q=reservoir", headers=entitled).json()
    assert page["complete"] is False
    assert client.get("/v1/search?q=reservoir").json()["complete"] is True
