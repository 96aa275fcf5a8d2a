"""Translation groups have one story in each language, and lists can show one story per group."""

import json
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.worker import log_due_changes
from tests.api.reading import read, titles
from tests.clock import HandClock
from tests.life.log import rows
from tests.newsroom import MERGE_PATCH, Newsroom
from tests.transfer.helpers import list_inconsistencies

ONE = "/v1/headlines?one_per_story=true"


def link(newsroom: Newsroom, story: dict[str, Any], **fields: Any) -> Response:
    headers = {"if-match": "*", "content-type": MERGE_PATCH}
    return newsroom.call("PATCH", f"/articles/{story['id']}", json=fields, headers=headers)


def find_code(answer: Response) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def load_changes_since(services: Services, serial: int) -> list[tuple[str, str]]:
    return [(row.id, row.reason) for row in rows(services) if row.serial > serial]


def find_last_serial(services: Services) -> int:
    return max((row.serial for row in rows(services)), default=0)


def test_a_group_has_one_story_in_each_language(newsroom: Newsroom) -> None:
    english = newsroom.story("English", slug="english")
    french = newsroom.story("Français", language="fr", translation_of=english["id"])
    document = {"title": "Encore", "language": "FR", "translation_of": french["slug"]}
    refused = newsroom.call("POST", "/articles", json=document)
    assert (refused.status_code, find_code(refused)) == (422, [("#/language", "language_taken")])
    other = newsroom.article("Autre", language="fr")
    assert find_code(link(newsroom, other, translation_of="english")) == [
        ("#/language", "language_taken")
    ]
    canadian = link(newsroom, other, translation_of="english", language="fr-CA").json()
    assert canadian["translation_of"] == "english"
    assert find_code(link(newsroom, english, language="fr-ca")) == [
        ("#/language", "language_taken")
    ]
    assert find_code(link(newsroom, english, translation_of=other["id"])) == [
        ("#/translation_of", "cycle")
    ]


def test_another_story_can_replace_one_that_left_its_group(newsroom: Newsroom) -> None:
    english = newsroom.story("English")
    french = newsroom.story("Français", language="fr", translation_of=english["id"])
    assert link(newsroom, french, translation_of=None).status_code == 200
    second = newsroom.story("Deuxième", language="fr", translation_of=english["id"])
    assert find_code(link(newsroom, french, translation_of=english["id"])) == [
        ("#/language", "language_taken")
    ]
    newsroom.delete(second)
    assert link(newsroom, french, translation_of=english["id"]).status_code == 200
    match = {"if-match": "*"}
    back = newsroom.call("POST", f"/articles/{second['id']}/restore", json={}, headers=match)
    assert find_code(back) == [("#/language", "language_taken")]


def test_an_import_links_translations_by_the_same_rules(newsroom: Newsroom) -> None:
    lines = b"""
{"type":"article","slug":"a","language":"en","title":"A","status":"published"}
{"type":"article","slug":"b","language":"fr","title":"B","translation_of":"a"}
{"type":"article","slug":"c","language":"fr","title":"C","translation_of":"a"}
{"type":"article","slug":"b","language":"fr","title":"B"}
{"type":"article","slug":"c","language":"fr","title":"C","translation_of":"a"}
"""
    headers = {"content-type": "application/x-ndjson"}
    response = newsroom.call("POST", "/import", content=lines.strip(), headers=headers)
    outcomes = [json.loads(line) for line in response.text.splitlines()]
    assert [outcome["status"] for outcome in outcomes[:5]] == [
        "created",
        "created",
        "refused",
        "updated",
        "created",
    ]


def test_a_new_or_removed_translation_is_logged_for_its_group(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    english = newsroom.story("English", slug="english")
    serial = find_last_serial(services)
    french = newsroom.story(
        "Français",
        language="fr",
        translation_of=english["id"],
        published_at="2026-11-22T13:00:00Z",
        expires_at="2026-11-22T14:00:00Z",
    )
    assert read(client, "/v1/articles/english")["translations"] == []
    assert load_changes_since(services, serial) == []
    clock.advance(hours=1)
    assert [
        translation["id"] for translation in read(client, "/v1/articles/english")["translations"]
    ] == [french["id"]]
    log_due_changes(services)
    assert load_changes_since(services, serial) == [
        (french["id"], "published"),
        (english["id"], "updated"),
    ]
    page = client.get("/v1/changes?limit=1000").json()["data"]
    whole = {story["id"]: story["document"] for story in page}
    assert [translation["slug"] for translation in whole[english["id"]]["translations"]] == [
        french["slug"]
    ]
    serial = find_last_serial(services)
    clock.advance(hours=1)
    assert read(client, "/v1/articles/english")["translations"] == []
    log_due_changes(services)
    assert load_changes_since(services, serial) == [
        (french["id"], "expired"),
        (english["id"], "updated"),
    ]
    assert list_inconsistencies(services) == []


def test_an_edit_that_translations_do_not_show_is_logged_once(
    newsroom: Newsroom, services: Services
) -> None:
    english = newsroom.story("English")
    french = newsroom.story("Français", language="fr", translation_of=english["id"])
    serial = find_last_serial(services)
    french = newsroom.patch(french, title="Encore", status="published")
    assert load_changes_since(services, serial) == [(french["id"], "updated")]
    serial = find_last_serial(services)
    newsroom.patch(french, slug="encore", status="published")
    assert load_changes_since(services, serial) == [
        (french["id"], "updated"),
        (english["id"], "updated"),
    ]


@pytest.fixture
def groups(newsroom: Newsroom, clock: HandClock) -> None:
    """Three stories in up to three languages, and one in none of the requested ones."""
    for number, languages in enumerate((("en", "fr", "ar"), ("fr", "en"), ("ar",), ("de", "en"))):
        original: str | None = None
        for language in languages:
            clock.advance(minutes=1)
            created = newsroom.story(
                f"{language} {number}", language=language, translation_of=original, tags=["t"]
            )
            original = original or created["id"]


@pytest.mark.usefixtures("groups")
def test_a_list_has_the_preferred_story_of_each_group(client: TestClient) -> None:
    assert titles(client, ONE) == ["de 3", "ar 2", "fr 1", "en 0"]
    assert titles(client, f"{ONE}&prefer=en") == ["en 3", "ar 2", "en 1", "en 0"]
    assert titles(client, f"{ONE}&prefer=fr-CA,ar") == ["de 3", "ar 2", "fr 1", "fr 0"]
    assert titles(client, f"{ONE}&language=fr,en") == ["en 3", "fr 1", "fr 0"]
    assert titles(client, f"{ONE}&language=en,fr") == ["en 3", "en 1", "en 0"]
    assert titles(client, f"{ONE}&language=-en&sort=published_at") == [
        *("fr 0", "fr 1", "ar 2", "de 3")
    ]
    counted = read(client, f"{ONE}&language=fr,en&tag=t&count=exact&limit=1")
    assert counted["page"]["count"] == 3


@pytest.mark.usefixtures("groups")
def test_pages_of_a_list_with_preferred_languages_are_complete(client: TestClient) -> None:
    for query in ("&language=fr,en", "&prefer=ar&sort=published_at", "&tag=t&prefer=fr"):
        whole = titles(client, ONE + query)
        page = read(client, f"{ONE}{query}&limit=1")
        listed = [page["data"][0]["title"]]
        while page["page"]["next"]:
            page = read(client, f"{ONE}{query}&limit=1&cursor={page['page']['next']}")
            listed += [story["title"] for story in page["data"]]
        assert listed == whole


@pytest.mark.usefixtures("groups")
def test_caches_keep_answers_by_accept_language(client: TestClient) -> None:
    def fetch_in(header: str) -> Response:
        return client.get(ONE, headers={"accept-language": header})

    for _ in range(3):
        for header, first in (("fr-CH, fr;q=0.9", "fr 0"), ("ar,en;q=0.1", "ar 0"), ("*", "en 0")):
            answer = fetch_in(header)
            assert answer.json()["data"][-1]["title"] == first
            assert "Accept-Language" in answer.headers["vary"]
    assert "prefer=en%2Cfr" in fetch_in("fr;q=0.5, en, de;q=0, x_;q=1").headers["link"]
    for query in ("&prefer=ar", "&language=fr,en"):
        explicit = client.get(ONE + query, headers={"accept-language": "en"})
        assert "Accept-Language" not in explicit.headers["vary"]
    assert "Accept-Language" not in client.get("/v1/headlines").headers["vary"]
    assert client.get("/v1/headlines?prefer=fr").status_code == 400


def test_a_hidden_translation_does_not_replace_another(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    english = newsroom.story("English")
    french = newsroom.story(
        "Français",
        language="fr",
        translation_of=english["id"],
        embargo_until="2026-11-22T13:00:00Z",
    )
    path = f"{ONE}&language=fr,en"
    assert titles(client, path) == ["English"]
    clock.advance(hours=1)
    assert titles(client, path) == ["Français"]
    newsroom.verb(french, "kill", notice="No.")
    assert titles(client, path) == ["English"]


def test_categories_have_names_in_the_requested_language(
    newsroom: Newsroom, client: TestClient
) -> None:
    names = {"fr": "Maroc", "ar": "المغرب", "pt-BR": "Marrocos"}
    morocco = newsroom.category("Morocco", names=names)
    newsroom.category("Plain", parent=morocco["slug"])
    story = newsroom.story("Story", categories=["morocco", "plain"])

    def read_names(path: str, languages: str) -> list[str]:
        document = read(client, f"{path}?names_in={languages}")
        listed = document.get("categories") or document["data"]
        listed = listed[0].get("categories", listed)
        return [story["name"] for story in listed]

    for path in ("/v1/headlines", "/v1/articles", f"/v1/articles/{story['slug']}"):
        assert read_names(path, "fr-CA,ar") == ["Maroc", "Plain"]
        assert read_names(path, "de,ar") == ["المغرب", "Plain"]
        assert read_names(path, "de") == ["Morocco", "Plain"]
    assert read_names("/v1/categories", "pt-br") == ["Marrocos", "Plain"]
    assert read(client, "/v1/categories/morocco?names_in=fr")["name"] == "Maroc"
    (tree,) = read(client, "/v1/categories?tree=true&names_in=fr")["data"]
    assert (tree["name"], tree["children"][0]["name"]) == ("Maroc", "Plain")
    newsroom.patch(morocco, "categories", names={"fr": "Le Maroc"})
    assert read_names("/v1/headlines", "fr") == ["Le Maroc", "Plain"]
    assert client.get("/v1/headlines?names_in=").status_code == 400
