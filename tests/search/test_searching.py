"""Searching over HTTP: filters, orders, pages, facets, highlights, and what is refused."""

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from starlette.testclient import TestClient

from app.search import overlay
from tests.api.reading import read, titles
from tests.clock import HandClock
from tests.newsroom import Newsroom

Follow = Callable[[], None]


@pytest.fixture
def archive(newsroom: Newsroom, follow: Follow) -> None:
    """A few stories that differ in every filter; the last one is not in the index yet."""
    top = newsroom.category("World")
    newsroom.category("Morocco", parent=top["id"])
    newsroom.source("North Africa Post")
    newsroom.source("Le Courrier")
    newsroom.story(
        "Rain in Rabat",
        categories=["morocco"],
        source="north-africa-post",
        tags=["Weather", "Rain"],
        authors=[{"name": "Aïcha B."}],
        published_at="2026-01-10T10:00:00Z",
        body="<p>It rained <b>all</b> night & all day.</p>",
    )
    newsroom.story(
        "La pluie, enfin : rain at last",
        language="fr-CA",
        categories=["world"],
        source="le-courrier",
        tags=["weather"],
        published_at="2026-02-10T10:00:00Z",
    )
    newsroom.story("Rain again", kind="analysis", published_at="2026-02-12T10:00:00Z")
    newsroom.story("Snow", tags=["Weather"], published_at="2026-02-13T10:00:00Z")
    follow()
    newsroom.story("Rain tomorrow", tags=["rain"], published_at="2026-03-01T10:00:00Z")


@pytest.mark.parametrize(
    "filters",
    [
        "",
        "category=world",
        "category=-morocco",
        "source=le-courrier,north-africa-post",
        "language=fr",
        "language=-fr",
        "tag=WEATHER",
        "tag=weather&tag=rain",
        "author=aïcha%20b.",
        "kind=analysis",
        "published_after=2026-02-10&published_before=2026-03-01T10:00:00Z",
        "updated_after=2020-01-01",
        "sort=published_at",
        "sort=updated_at&limit=2",
        "tag=-weather&kind=news&sort=-updated_at",
    ],
)
@pytest.mark.usefixtures("archive")
def test_a_search_without_query_equals_the_list_with_the_same_filters(
    client: TestClient, filters: str
) -> None:
    assert titles(client, f"/v1/search?{filters}") == titles(client, f"/v1/headlines?{filters}")
    counted = read(client, f"/v1/search?{filters}&count=exact")["page"]["count"]
    assert counted == read(client, f"/v1/headlines?{filters}&count=exact")["page"]["count"]


@pytest.mark.usefixtures("archive")
def test_filters_narrow_a_search(client: TestClient) -> None:
    assert set(titles(client, "/v1/search?q=rain")) == {
        "Rain in Rabat",
        "La pluie, enfin : rain at last",
        "Rain again",
        "Rain tomorrow",
    }
    assert titles(client, "/v1/search?q=rain&category=world&language=en") == ["Rain in Rabat"]
    assert titles(client, "/v1/search?q=rain&published_after=2026-03-01") == ["Rain tomorrow"]
    assert titles(client, "/v1/search?q=rain&sort=published_at")[0] == "Rain in Rabat"
    assert titles(client, "/v1/search?q=rain%20-rabat%20-pluie&sort=published_at") == [
        "Rain again",
        "Rain tomorrow",
    ]


@pytest.mark.usefixtures("archive")
def test_facet_values_can_be_used_as_filters(client: TestClient) -> None:
    names = "category,source,language,tag,kind,published_month"
    page = read(client, f"/v1/search?q=rain&facets={names}&count=exact&limit=1")
    assert page["page"]["count"] == 4
    values = {
        name: [(value["value"], value["label"], value["count"]) for value in facet_values]
        for name, facet_values in page["facets"].items()
    }
    assert values == {
        "category": [("world", "World", 2), ("morocco", "Morocco", 1)],
        "source": [
            ("le-courrier", "Le Courrier", 1),
            ("north-africa-post", "North Africa Post", 1),
        ],
        "language": [("en", "en", 3), ("fr", "fr", 1), ("fr-CA", "fr-CA", 1)],
        "tag": [("rain", "Rain", 2), ("weather", "Weather", 2)],
        "kind": [("news", "news", 3), ("analysis", "analysis", 1)],
        "published_month": [
            ("2026-02", "2026-02", 2),
            ("2026-01", "2026-01", 1),
            ("2026-03", "2026-03", 1),
        ],
    }
    for name in ("category", "source", "language", "tag", "kind"):
        for facet in page["facets"][name]:
            facet_values = read(client, f"/v1/search?q=rain&{name}={facet['value']}&count=exact")
            assert facet_values["page"]["count"] == facet["count"], facet


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_story_in_many_categories_is_counted_in_each(
    newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    slugs = [newsroom.category(f"Field {number}")["slug"] for number in range(15)]
    newsroom.story("Rain everywhere", categories=slugs)
    newsroom.story("Rain nowhere")
    newsroom.story("Rain somewhere", categories=slugs[:1])
    for _ in range(2):
        facets = read(client, "/v1/search?q=rain&facets=category,source")["facets"]
        counts = {value["value"]: value["count"] for value in facets["category"]}
        assert counts == dict.fromkeys(slugs, 1) | {slugs[0]: 2}
        assert facets["source"] == []
        assert titles(client, "/v1/search?kind=nothing&facets=kind") == []
        follow()


@pytest.mark.usefixtures("archive")
def test_a_hit_is_a_headline_with_a_score_and_highlights(client: TestClient) -> None:
    hit = read(client, "/v1/search?q=night&highlight=true")["data"][0]
    story = read(client, f"/v1/headlines?ids={hit['id']}")["data"][0]
    assert {name: hit[name] for name in story} == story
    assert hit["score"] > 0
    assert "It rained all <mark>night</mark> &amp; all day." in hit["highlights"]["body"][0]
    plain = read(client, "/v1/search?q=night&sort=-published_at")["data"][0]
    assert (plain["score"], plain["highlights"]) == (None, None)
    few = read(client, "/v1/search?q=night&fields=title,score")["data"][0]
    assert set(few) == {"title", "score"}


def test_markup_in_a_title_is_text_in_a_highlight(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.story("Rain <script>alert(1)</script> & more", body="&lt;img src=x&gt; rain")
    highlights = read(client, "/v1/search?q=rain&highlight=true")["data"][0]["highlights"]
    assert highlights["title"].startswith("<mark>Rain</mark> &lt;script&gt;")
    assert "<img" not in highlights["body"][0]


@pytest.mark.parametrize("order", ["sort=-published_at&", "sort=updated_at&", ""])
def test_pages_link_to_the_next_and_the_previous_one(
    newsroom: Newsroom, client: TestClient, follow: Follow, order: str
) -> None:
    for number in range(7):
        newsroom.story(f"Rain {number}")
    follow()
    newsroom.story("Rain 7")
    first = read(client, f"/v1/search?q=rain&{order}limit=3")
    assert first["page"]["prev"] is None
    pages, cursor = [first], first["page"]["next"]
    while cursor:
        pages.append(read(client, f"/v1/search?q=rain&{order}limit=3&cursor={cursor}"))
        cursor = pages[-1]["page"]["next"]
    titles = [story["title"] for page in pages for story in page["data"]]
    assert sorted(titles) == [f"Rain {number}" for number in range(8)]
    back = read(client, f"/v1/search?q=rain&{order}limit=3&cursor={pages[1]['page']['prev']}")
    assert [story["id"] for story in back["data"]] == [story["id"] for story in first["data"]]


def test_cursors_by_date_are_stable_under_inserts(
    newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    for day in range(1, 7):
        newsroom.story(f"Rain {day}", published_at=f"2026-01-0{day}T00:00:00Z")
    follow()
    first = read(client, "/v1/search?q=rain&sort=-published_at&limit=3")
    newsroom.story("Rain in between", published_at="2026-01-05T12:00:00Z")
    newsroom.story("Rain now")
    cursor = first["page"]["next"]
    for _ in range(2):
        rest = read(client, f"/v1/search?q=rain&sort=-published_at&limit=3&cursor={cursor}")
        assert [story["title"] for story in rest["data"]] == ["Rain 3", "Rain 2", "Rain 1"]
        follow()


def test_a_cursor_belongs_to_its_query(newsroom: Newsroom, client: TestClient) -> None:
    for number in range(3):
        newsroom.story(f"Rain and snow {number}")
    cursor = read(client, "/v1/search?q=rain&limit=1")["page"]["next"]
    for other in ("q=snow", "q=rain&sort=-published_at", "q=rain&language=en", ""):
        answer = client.get(f"/v1/search?{other}&limit=1&cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor"), other


@pytest.mark.parametrize(
    ("query", "pointer", "words"),
    [
        ("q=a&hilight=true", "?hilight", "'highlight'"),
        ("q=a&facets=categories", "?facets", "'category'"),
        ("q=a&sort=relevanse", "?sort", "'relevance'"),
        ("sort=relevance", "?sort", "send 'q'"),
        ("q=a&q=b", "?q", "only once"),
        ("q=a&category=nowhere", "?category", "no category"),
        ("q=a&refresh=now", "?refresh", "wait"),
        ("q=a&limit=101", "?limit", "1 to 100"),
    ],
)
@pytest.mark.parametrize("dialect", ["sqlite"])
def test_errors_name_the_wrong_field(
    client: TestClient, query: str, pointer: str, words: str
) -> None:
    answer = client.get(f"/v1/search?{query}")
    assert answer.status_code == 400, answer.text
    error = answer.json()["errors"][0]
    assert error["pointer"] == pointer
    assert words in error["detail"]


def test_a_misspelt_word_is_corrected_and_reported(
    newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    newsroom.story("Phosphate exports rise")
    for _ in range(2):
        page = read(client, "/v1/search?q=phosfate")
        assert [story["title"] for story in page["data"]] == ["Phosphate exports rise"]
        assert page["corrected"] == "phosphate"
        follow()


def test_a_phrase_that_no_story_has_is_split_and_reported(
    newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    newsroom.story("Minister of transport speaks", body="<p>No boat is late, he said.</p>")
    newsroom.story("Snow")
    for _ in range(2):
        nearest = _search(client, 'minister transport "no late boat"')
        assert [story["title"] for story in nearest["data"]] == ["Minister of transport speaks"]
        assert nearest["corrected"] == "minister transport no late boat"
        assert nearest["page"]["count"] == nearest["facets"]["language"][0]["count"] == 1

        verbatim = _search(client, 'minister transport "no boat is late"')
        assert len(verbatim["data"]) == 1
        assert verbatim["corrected"] is None

        assert _search(client, '"no late boat minister transport"')["data"] == []
        assert _search(client, 'transport "late boat"')["data"] == []
        follow()


def test_a_phrase_is_split_if_the_filter_excludes_all_stories_that_have_it(
    newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    newsroom.story("Ferry", language="fr", body="<p>Minister of transport: no boat is late</p>")
    newsroom.story("Transport", body="<p>The minister saw a boat.</p>")
    follow()
    typed = 'minister transport "no boat is late"'

    assert [story["title"] for story in _search(client, typed)["data"]] == ["Ferry"]
    english = _search(client, typed, language="en")
    assert [story["title"] for story in english["data"]] == ["Transport"]


def test_three_words_that_no_story_has_together_are_not_all_required(
    newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    newsroom.story("Minister of transport speaks")
    newsroom.story("Ferry", language="fr", body="<p>The minister of transport saw a ferry.</p>")
    newsroom.story("Snow")
    for _ in range(2):
        verbatim = _search(client, "minister transport ferry")
        assert [story["title"] for story in verbatim["data"]] == ["Ferry"]
        assert verbatim["corrected"] is None

        nearest = _search(client, "minister transport airport")
        assert {story["title"] for story in nearest["data"]} == {
            "Ferry",
            "Minister of transport speaks",
        }
        assert nearest["corrected"] == "minister transport airport ?"
        assert nearest["page"]["count"] == 2
        assert {value["count"] for value in nearest["facets"]["language"]} == {1}
        assert _search(client, nearest["corrected"])["data"] == nearest["data"]

        english = _search(client, "minister transport ferry", language="en")
        assert [story["title"] for story in english["data"]] == ["Minister of transport speaks"]
        follow()


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_words_stay_required_if_there_are_two_or_the_order_is_by_date(
    newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.story("Minister of transport speaks")

    for typed in (
        "minister airport",
        "minister of the airport",
        "harbour airport tram",
        "harbour of airport tram",
    ):
        missing = _search(client, typed)
        assert (missing["data"], missing["corrected"]) == ([], None), typed
    by_date = _search(client, "minister transport airport", sort="-published_at")
    assert (by_date["data"], by_date["corrected"]) == ([], None)


def _search(client: TestClient, typed: str, **filters: str) -> dict[str, Any]:
    query = urlencode({"q": typed, "count": "exact", "facets": "language", **filters})
    return read(client, f"/v1/search?{query}")


def test_an_id_or_an_address_finds_its_story(
    newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    story = newsroom.story("Rain", url="https://www.publisher.example/2026/rain/")
    newsroom.story("Snow")
    for _ in range(2):
        for typed in (
            story["id"].upper(),
            "https://www.publisher.example/2026/rain/",
            "http://publisher.example/2026/rain",
            f"https://api.example/v1/articles/{story['slug']}",
        ):
            assert titles(client, f"/v1/search?q={typed}") == ["Rain"], typed
        follow()


def test_a_scheduled_story_is_found_from_publication_to_expiry(
    newsroom: Newsroom, client: TestClient, clock: HandClock, follow: Follow
) -> None:
    times = {"published_at": "2026-11-22T13:00:00Z", "expires_at": "2026-11-22T14:00:00Z"}
    newsroom.story("Rain soon", tags=["rain"], **times)
    path = "/v1/search?q=rain&count=exact&facets=tag"

    def count_results() -> tuple[int, int, int]:
        page = read(client, path)
        suggested = read(client, "/v1/suggest?q=rai")["data"]
        return page["page"]["count"], len(page["facets"]["tag"]), len(suggested)

    for _ in range(2):
        assert count_results() == (0, 0, 0)
        follow()
    clock.advance(hours=1)
    for _ in range(2):
        assert count_results() == (1, 1, 2)
        follow()
    clock.advance(hours=1)
    for _ in range(2):
        assert count_results() == (0, 0, 0)
        follow()


def test_refresh_does_not_wait_if_the_answer_is_complete(
    newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.story("Rain")
    page = read(client, "/v1/search?q=rain&refresh=wait")
    assert (len(page["data"]), page["complete"]) == (1, True)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["sqlite"])
def test_refresh_waits_for_the_index_up_to_a_time_limit(
    newsroom: Newsroom, client: TestClient, follow: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlay, "MOST_CHANGED_STORIES", 1)
    follow()
    for _ in range(2):
        newsroom.story("Rain")
    assert read(client, "/v1/search?q=rain&refresh=wait")["complete"] is False
    later = threading.Timer(0.3, follow)
    later.start()
    try:
        page = read(client, "/v1/search?q=rain&refresh=wait")
    finally:
        later.join()
    assert (len(page["data"]), page["complete"]) == (2, True)


def test_a_renamed_source_is_found_by_its_new_name(
    newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    source = newsroom.source("Evening Herald")
    newsroom.story("Rain", source=source["id"])
    follow()
    assert titles(client, "/v1/search?q=herald") == ["Rain"]
    newsroom.patch(source, "sources", name="Morning Courier")
    follow()
    assert titles(client, "/v1/search?q=courier") == ["Rain"]
    assert titles(client, "/v1/search?q=herald") == []


def test_a_moved_category_keeps_its_stories(
    newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    newsroom.category("World")
    sport = newsroom.category("Sport")
    newsroom.story("Rain stops play", categories=["sport"])
    follow()
    assert titles(client, "/v1/search?q=rain&category=world") == []
    newsroom.patch(sport, "categories", parent="world", name="Games")
    for _ in range(2):
        page = read(client, "/v1/search?q=rain&category=world&facets=category")
        labels: list[Any] = [value["label"] for value in page["facets"]["category"]]
        assert (len(page["data"]), sorted(labels)) == (1, ["Games", "World"])
        follow()


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_url_is_found_without_scheme_and_with_tracking_parameters(
    client: TestClient, newsroom: Newsroom, follow: Follow
) -> None:
    newsroom.story("Rain", slug="x", url="https://www.a.example/rain-today?utm_source=feed&p=1")
    newsroom.story("Server node.js/deno compared", slug="y")
    follow()
    for typed in (
        "a.example/rain-today?p=1",
        "www.a.example/rain-today/?p=1&utm_medium=mail&fbclid=3",
        "http://a.example/rain-today?utm_source=other&p=1#top",
    ):
        assert titles(client, f"/v1/search?q={quote(typed)}") == ["Rain"], typed
    assert titles(client, "/v1/search?q=a.example/rain-today?p=2") == []
    assert titles(client, "/v1/search?q=node.js/deno") == ["Server node.js/deno compared"]


def test_categories_have_names_in_the_requested_language(
    newsroom: Newsroom, client: TestClient, follow: Follow
) -> None:
    names = {"fr": "Maroc", "ar": "المغرب"}
    newsroom.category("Morocco", names=names)
    newsroom.category("Plain")
    named = {"categories": ["morocco", "plain"]}
    first = newsroom.story("Rain in the mountains", body="<p>Rain fell on the hills.</p>", **named)
    follow()
    newsroom.story("Rain on the coast", body="<p>Rain fell on the harbour.</p>", **named)

    def read_names(path: str, languages: str) -> list[list[str]]:
        document = read(client, f"{path}names_in={languages}")
        listed = [
            [category["name"] for category in story["categories"]] for story in document["data"]
        ]
        facets = document.get("facets", {}).get("category")
        return [*listed, [facet["label"] for facet in facets]] if facets else listed

    search = "/v1/search?q=rain&facets=category&"
    for languages, name in (("fr-CA,ar", "Maroc"), ("de,ar", "المغرب"), ("de", "Morocco")):
        assert read_names(search, languages) == [[name, "Plain"]] * 3
        assert read_names(f"/v1/articles/{first['id']}/related?", languages) == [[name, "Plain"]]
    page = read(client, "/v1/search?q=rain&sort=published_at&limit=1&names_in=fr&highlight=true")
    assert page["data"][0]["categories"][0]["name"] == "Maroc"
    following = (
        f"/v1/search?q=rain&sort=published_at&limit=1&names_in=fr&cursor={page['page']['next']}"
    )
    assert read(client, following)["data"][0]["categories"][0]["name"] == "Maroc"
    assert client.get("/v1/search?q=rain&names_in=").status_code == 400
