"""No response after its withdrawal contains a story, for any state of the index and the cache."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.reading import read
from tests.newsroom import Newsroom

Follow = Callable[[], None]
_WORD = "zanzibar"
_BODY = "Spice growers in Zanzibar sold their cloves at the market by the harbour."
_PATHS = (
    f"/v1/search?q={_WORD}&highlight=true&count=exact"
    "&facets=category,source,language,tag,kind,published_month",
    "/v1/search?count=exact&facets=tag,language,kind,published_month",
    f"/v1/search?q={_WORD}&sort=-published_at&count=exact",
    f"/v1/suggest?q={_WORD[:4]}",
    "/v1/articles/cloves/related?language=sw",
)


@pytest.fixture
def withdrawn_story(newsroom: Newsroom, client: TestClient, follow: Follow) -> dict[str, Any]:
    """A story in all responses, and one that stays public."""
    category = newsroom.category("Trade")
    body = "What growers of cloves in Pemba ask at a market."
    newsroom.story("Cloves", slug="cloves", categories=[category["id"]], body=body)
    story = newsroom.story(
        "Zanzibar cloves are dear",
        tags=["Zanzibar"],
        language="sw",
        kind="analysis",
        published_at="2020-01-01T00:00:00Z",
        categories=[category["id"]],
        body=_BODY + " " + " ".join(f"Another sentence, number {n}, is new." for n in range(40)),
    )
    follow()
    for path in _PATHS:
        assert _WORD in client.get(path).text.lower(), path
    return story


def _assert_absent(client: TestClient) -> None:
    for path in _PATHS:
        answer = client.get(path)
        assert answer.status_code == 200
        assert _WORD not in answer.text.lower(), path
    page = read(client, _PATHS[0])
    assert (page["data"], page["page"]["count"], set(map(len, page["facets"].values()))) == (
        [],
        0,
        {0},
    )
    rest = read(client, _PATHS[1])
    assert rest["page"]["count"] == 1
    assert [value["value"] for value in rest["facets"]["kind"]] == ["news"]
    assert [value["value"] for value in rest["facets"]["language"]] == ["en"]
    assert [value["value"] for value in rest["facets"]["published_month"]] == ["2026-11"]


def test_a_correction_never_leads_to_a_word_of_a_withdrawn_story(
    withdrawn_story: dict[str, Any], newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    slip = "/v1/search?q=zanzibr"
    assert read(client, slip)["corrected"] == _WORD
    newsroom.verb(withdrawn_story, "unpublish")
    for _ in range(2):
        assert _WORD not in client.get(slip).text.lower()
        follow()


def test_an_unpublished_story_is_in_no_result(
    withdrawn_story: dict[str, Any], newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    newsroom.verb(withdrawn_story, "unpublish")
    _assert_absent(client)
    follow()
    _assert_absent(client)


def test_a_deleted_story_is_in_no_result(
    withdrawn_story: dict[str, Any], newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    assert newsroom.delete(withdrawn_story).is_success
    _assert_absent(client)
    follow()
    _assert_absent(client)


def test_a_removed_word_no_longer_finds_the_story(
    withdrawn_story: dict[str, Any], newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    newsroom.patch(
        withdrawn_story,
        title="Cloves are dear",
        tags=[],
        body="Nothing more.",
        slug="dear",
        status="published",
    )
    for _ in range(2):
        assert read(client, f"/v1/search?q={_WORD}&count=exact")["page"]["count"] == 0
        assert read(client, f"/v1/suggest?q={_WORD[:4]}")["data"] == []
        assert read(client, "/v1/search?q=dear&count=exact")["page"]["count"] == 1
        follow()


def test_a_republished_story_is_found_again(
    withdrawn_story: dict[str, Any], newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    gone = newsroom.verb(withdrawn_story, "unpublish")
    follow()
    newsroom.verb(gone, "publish")
    for _ in range(2):
        assert read(client, _PATHS[0])["page"]["count"] == 1
        follow()


def test_answers_are_correct_with_more_changes_than_the_overlay_holds(
    withdrawn_story: dict[str, Any],
    newsroom: Newsroom,
    client: TestClient,
    follow: Follow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.search.overlay.MOST_CHANGED_STORIES", 2)
    newsroom.verb(withdrawn_story, "unpublish")
    for number in range(4):
        newsroom.story(f"Pemba {number}")
    page = read(client, _PATHS[0])
    assert (page["data"], page["page"]["count"], page["complete"]) == ([], 0, False)
    assert _WORD not in client.get(_PATHS[0]).text.lower()
    follow()
    page = read(client, "/v1/search?q=pemba&count=exact")
    assert (page["page"]["count"], page["complete"]) == (5, True)
