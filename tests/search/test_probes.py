"""No search response reveals bodies that the reader may not read."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from app.access.caller import Caller
from app.access.entitlement import HEADLINES, PUBLIC, Entitlement, Grant, combine
from app.access.selection import Clause, Selection
from app.api.delivery import feeds, search
from app.api.delivery.resource import ReadRequest, Resource
from app.bootstrap import Services
from app.kit import json
from app.search.index_updater import IndexUpdater
from tests.newsroom import Newsroom
from tests.search.test_searching import Follow

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
_OPEN = Grant(Selection((Clause("tag", ("open",)),)))
MIXED = combine((_OPEN, Grant(form="headline")))
_BODY = "Umbrellas were sold in Zanzibar by a quagga farmer, wholesale and without receipts."
_PROBES = (
    "zanzibar",
    "zanzibar ",
    "zanzibr",
    "zanzi",
    '"sold in zanzibar"',
    "rain zanzibar",
    "rain OR zanzibar",
    "-zanzibar",
    "rain -zanzibar",
    "umbrelas",
    'rain over rabat in "winter zanzibar"',
    "was rain sold in zanzibar?",
)


@pytest.fixture
def stories(newsroom: Newsroom, follow: Follow) -> list[dict[str, Any]]:
    """Stories with and without words of other stories in their bodies, one of them readable."""
    created = [
        newsroom.story("Rain over Rabat", body=_BODY, tags=["a"]),
        newsroom.story("Rain over Fez", body=_BODY + " Again.", tags=["b"]),
        newsroom.story("Rain over Taza", body=_BODY + " Later.", tags=["c", "open"]),
        newsroom.story(
            "Umpires meet", body="Rain over Rabat delayed a match in Rabat.", tags=["d"]
        ),
    ]
    newsroom.story("Zanzibal wins", summary="A draw would have been enough.", body="Nil nil.")
    newsroom.story("Sun over Rabat", body="Nothing was sold.", tags=["a"])
    follow()
    return created


def ask(
    services: Services,
    resource: Resource,
    entitlement: Entitlement,
    query: Mapping[str, str],
    **parts: str,
) -> Any:
    """Return the JSON of the answer to a reader with an entitlement."""
    request = ReadRequest(
        resource.path.format(**parts), urlencode(query).encode(), Caller(entitlement=entitlement)
    )
    if resource.runs == "async":
        answer = asyncio.run(resource.answer(services, request, None))
    else:
        answer = resource.answer(services, request, **parts)
    return json.loads(answer.body)


def probe(services: Services, entitlement: Entitlement, ref: str) -> dict[str, Any]:
    """Return everything that a reader can observe."""
    answers: dict[str, Any] = {}
    for typed in _PROBES:
        query = {"q": typed, "count": "exact", "facets": "tag,kind", "highlight": "true"}
        page = ask(services, search.SEARCH, entitlement, query)
        hits = [(hit["title"], hit["score"], hit["highlights"]) for hit in page["data"]]
        answers[typed] = hits, page["corrected"], page["facets"], page["page"]["count"]
        suggested = ask(services, search.SUGGEST, entitlement, {"q": typed})
        feed = ask(services, feeds.SEARCH, entitlement, {"q": typed}, ext="json")
        answers[f"{typed}: more"] = suggested, [item["title"] for item in feed["items"]]
    related = ask(services, search.RELATED, entitlement, {}, ref=ref)
    answers["related"] = [story["title"] for story in related["data"]]
    return answers


def test_bodies_change_nothing_for_a_reader_of_headlines(
    stories: list[dict[str, Any]], newsroom: Newsroom, services: Services, follower: IndexUpdater
) -> None:
    ref = stories[0]["slug"]
    before = probe(services, HEADLINES, ref)
    full = probe(services, PUBLIC, ref)
    for story in stories:
        newsroom.patch(story, body="Nothing.", status="published")
    # Until segments are merged, the engine's statistics include replaced stories.
    list(follower.rebuild())
    assert probe(services, HEADLINES, ref) == before
    assert probe(services, PUBLIC, ref) != full


def test_a_word_of_a_body_is_corrected_to_a_word_of_a_title(
    stories: list[dict[str, Any]], services: Services
) -> None:
    def correct(entitlement: Entitlement) -> tuple[str | None, list[str]]:
        page = ask(services, search.SEARCH, entitlement, {"q": "zanzibar "})
        return page["corrected"], [story["title"] for story in page["data"]]

    assert correct(HEADLINES) == ("zanzibal", ["Zanzibal wins"])
    assert correct(MIXED) == (None, ["Rain over Taza"])
    assert len(correct(PUBLIC)[1]) == 3
    # The corrected word is in no story of this reader.
    assert correct(combine((Grant(_OPEN.selection, form="headline"),))) == (None, [])


def test_a_mixed_reader_finds_words_of_the_bodies_that_it_may_read(
    stories: list[dict[str, Any]], services: Services
) -> None:
    answers = probe(services, MIXED, stories[0]["slug"])
    for typed in ("zanzibar", "zanzibr", '"sold in zanzibar"', "rain zanzibar"):
        hits, _, facets, count = answers[typed]
        assert ([title for title, _, _ in hits], count) == (["Rain over Taza"], 1), typed
        assert [value["value"] for value in facets["tag"]] == ["c", "open"], typed
    by_title = {
        title: (score, marked["body"]) for title, score, marked in answers["rain OR zanzibar"][0]
    }
    assert by_title["Rain over Rabat"] == by_title["Rain over Fez"] == (None, [])
    assert by_title["Rain over Taza"][0] > 0
    assert "<mark>Zanzibar</mark>" in by_title["Rain over Taza"][1][0]
    assert {title for title, _, _ in answers["rain -zanzibar"][0]} == {
        "Rain over Rabat",
        "Rain over Fez",
    }


def test_only_tags_and_titles_of_granted_stories_are_suggested(
    newsroom: Newsroom, services: Services, follow: Follow
) -> None:
    newsroom.category("Climate")
    newsroom.story("Climbing", tags=["climax", "open"])
    newsroom.story("Climate of doubt", tags=["clinic"])
    follow()
    newsroom.story("Climbers turn back", tags=["climatic"])

    def suggest(typed: str) -> set[str]:
        reader = combine((_OPEN,))
        suggested = ask(services, search.SUGGEST, reader, {"q": typed})
        return {suggestion["text"] for suggestion in suggested["data"]}

    assert suggest("cli") == {"Climate", "climax", "Climbing"}
    assert suggest("clinic") == set()
    assert suggest("climbres") == set()
