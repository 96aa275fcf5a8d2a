"""Labels route stories, and are never public."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.access.entitlement import Entitlement, Grant
from app.access.selection import Clause, Selection
from app.bootstrap import Services
from app.cli.erasure import _REWRITTEN
from app.content.commands.erase_article import erase_article
from app.content.commands.erase_name import erase_name
from app.content.name_pattern import NamePattern
from app.delivery import store
from app.delivery.story_query import StoryQuery
from app.kit.sql.text_rewrite import rewrite
from app.kit.sql.unit_of_work import Actor
from app.search.index_updater import IndexUpdater
from app.search.queries import SearchQuery
from app.syndication.push.events import find_event
from tests.clock import START
from tests.conftest import embargo_key, key_for
from tests.life.test_never_leak import fill_path, find_traces, operations
from tests.newsroom import Newsroom
from tests.transfer.helpers import list_inconsistencies

WORD, OTHER = "zanzibar", "xylotomy"
_OF = Selection((Clause("label", (WORD,)),))
_NOT = Selection((Clause("label", (), (WORD,)),))


def list_titles(services: Services, selection: Selection) -> list[str]:
    """Return the titles that a product with a selection includes."""
    query = StoryQuery(entitlement=Entitlement((Grant(selection),)))
    return [
        re.findall(rb'"title":"([^"]*)"', item)[0].decode()
        for item in services.delivery.list_stories(query).items
    ]


def list_managed_titles(newsroom: Newsroom, query: str) -> str:
    answer = newsroom.call("GET", f"/articles?{query}")
    assert answer.status_code == 200, answer.text
    return "".join(sorted(story["title"] for story in answer.json()["data"]))


def test_labels_are_written_and_read_in_the_newsroom(
    newsroom: Newsroom, services: Services, client: TestClient
) -> None:
    story = newsroom.story("a", labels=["Print only", "PRINT ONLY", "Été"])
    assert story["labels"] == ["Print only", "Été"]
    newsroom.story("b", labels=["été"])
    newsroom.story("c")
    for query, expected in (
        ("label=print%20only", "a"),
        ("label=%C3%A9t%C3%A9", "ab"),
        ("label=-print%20only", "bc"),
        ("label=print%20only,-b", "a"),
        ("label=%C3%A9t%C3%A9&label=print%20only", "a"),
    ):
        assert list_managed_titles(newsroom, query) == expected, query
    story = newsroom.verb(story, "correct", note="N.", changes={"labels": ["Web"]})
    assert newsroom.call("GET", f"/articles/{story['id']}").json()["labels"] == ["Web"]
    assert list_managed_titles(newsroom, "label=web") == "a"
    path = f"/articles/{story['id']}/revisions"
    diff = newsroom.call("GET", f"{path}/{story['version']}?diff=1").json()
    assert "labels" in [change["field"] for change in diff["changes"]]
    too_many = {"title": "d", "language": "en", "labels": [f"l{number}" for number in range(101)]}
    refused = newsroom.call("POST", "/articles", json=too_many)
    assert refused.json()["errors"][0]["pointer"] == "#/labels"
    story = newsroom.verb(story, "kill", notice="N.")
    editor = Newsroom(client, key_for(services, "write"))
    assert list_managed_titles(editor, "label=web&state=killed") == ""
    assert editor.call("GET", f"/articles/{story['id']}").json()["labels"] == []


def test_a_change_of_labels_alone_takes_effect(newsroom: Newsroom, services: Services) -> None:
    story = newsroom.story("a")
    newsroom.story("b", labels=[WORD.upper()])
    assert (list_titles(services, _OF), list_titles(services, _NOT)) == (["b"], ["a"])
    story = newsroom.patch(story, labels=[WORD])
    assert list_titles(services, _OF) == ["b"], "the public copy has no label yet"
    story = newsroom.verb(story, "publish")
    assert sorted(list_titles(services, _OF)) == ["a", "b"]
    newsroom.verb(story, "publish", update="minor")
    newsroom.verb(newsroom.patch(story | {"version": story["version"] + 1}, labels=[]), "publish")
    assert (list_titles(services, _OF), list_titles(services, _NOT)) == (["b"], ["a"])
    with services.database.read() as session:
        rows = store.load_changes(session, 0, 100)
    assert [
        (row.before and row.before["label"], row.after and row.after["label"])
        for row in rows
        if row.id == story["id"]
    ] == [(None, []), ([], [WORD]), ([WORD], [WORD]), ([WORD], [])]
    assert list_inconsistencies(services) == []


def test_products_and_webhooks_select_by_labels(newsroom: Newsroom) -> None:
    selection = {"label": ["Print only", "-not for north"]}
    for path, body in (
        ("/products", {"name": "Print", "filter": selection, "form": "full"}),
        ("/webhooks", {"url": "https://north.example/", "events": ["*"], "filter": selection}),
    ):
        answer = newsroom.call("POST", path, json=body)
        assert answer.status_code == 201, answer.text
        (values,) = answer.json()["filter"].values()
        assert sorted(value.casefold() for value in values) == ["-not for north", "print only"]


def test_a_search_selects_by_labels(newsroom: Newsroom, services: Services) -> None:
    newsroom.story("Bees one", labels=["Other", WORD])
    newsroom.story("Bees two")
    for _ in range(2):
        results = services.search.search(SearchQuery("bees", selection=_OF))
        assert [b"Bees one" in item for item in results.items] == [True]
        results = services.search.search(SearchQuery("bees", selection=_NOT))
        assert [b"Bees two" in item for item in results.items] == [True]
        assert not services.search.search(SearchQuery(WORD)).items
        # First in the overlay, then in the index.
        list(IndexUpdater(services.index, services.delivery).rebuild())


def test_erased_labels_may_have_matched_but_grant_nothing() -> None:
    moment = "2026-11-22T12:00:00Z"
    # Log rows from before labels have no `label`, and erased ones lack other members.
    facts: Any = {"id": ["i"], "category": [], "published_at": moment, "updated_at": moment}
    older: Any = {**facts, "tag": [], "author": []}
    assert (_OF.matches(older), _NOT.matches(older)) == (False, True)
    assert not _OF.needs_erased_labels(older)
    unlabelled: Any = {**older, "label": None}
    for erased in (facts, unlabelled):
        assert (_OF.matches(erased), _NOT.matches(erased)) == (True, True)
        for op, before, after, event in (
            ("upsert", None, erased, None),
            ("upsert", erased, erased, "article.left"),
            ("remove", erased, None, "article.deleted"),
        ):
            reason = "deleted" if op == "remove" else "updated"
            row = store.Change(START, "article", "i", op, reason, 1, None, before, after)
            assert find_event(row, _NOT) == event
            everything = event if op == "remove" else "article.updated"
            assert find_event(row, Selection()) == everything


def test_erasing_removes_labels(newsroom: Newsroom, services: Services) -> None:
    story = newsroom.story("a", labels=["Zoe Wong", "web"])
    other = newsroom.story("b", labels=["Mirabel"])
    actor, name = Actor(None, "tests"), NamePattern("Zoe Wong")
    services.runner.run(actor, lambda unit: erase_name(unit, name, ""))
    with services.database.write() as session:
        rewrite(session, _REWRITTEN, name.erase)
    assert newsroom.call("GET", f"/articles/{story['id']}").json()["labels"] == ["web"]
    services.runner.run(actor, lambda unit: erase_article(unit, other["id"]))
    with services.database.read() as session:
        rows = store.load_changes(session, 0, 100)
    attributes = [facts for row in rows for facts in (row.before, row.after) if facts]
    assert not [facts for facts in attributes if "Mirabel".lower() in str(facts)]
    assert not [facts for facts in attributes if "zoe" in str(facts)]
    assert {str(facts.get("label")) for facts in attributes if facts["id"] == [story["id"]]} == {
        "None",
        "['web']",
    }
    assert list_inconsistencies(services) == []


@pytest.fixture
def labelled(newsroom: Newsroom) -> list[dict[str, Any]]:
    """Stories with the word as a label: public, updated, withdrawn and embargoed ones."""
    newsroom.story("Hives", slug="hives", labels=[WORD], tags=["bees"])
    moved = newsroom.story("Frost", labels=["web"], tags=["bees"])
    newsroom.verb(newsroom.patch(moved, labels=[WORD]), "publish")
    killed = newsroom.story("Killed", labels=[WORD])
    newsroom.verb(killed, "kill", notice="A notice.")
    gone = newsroom.story("Gone", labels=[WORD])
    newsroom.verb(gone, "unpublish", answer="gone", notice="A notice.")
    held = newsroom.story("Held", labels=[WORD], embargo_until="2026-12-01T00:00:00Z")
    return [moved, killed, gone, held]


def list_texts(path: str, names: list[str], story: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield an address without parameters, and with the word in each text parameter."""
    yield fill_path(path, story["id"]), ""
    for name in ("q", "tag", "author", "kind", "ids"):
        if name in names:
            yield fill_path(path, story["id"]) + f"?{name}=", name


@pytest.mark.exhaustive_on("postgresql")
def test_no_public_route_shows_a_label(
    labelled: list[dict[str, Any]], services: Services, client: TestClient
) -> None:
    client.headers["accept-encoding"] = "identity"
    list(IndexUpdater(services.index, services.delivery).rebuild())
    readers = [{}, embargo_key(services)]
    for path, names in operations(managed=False):
        assert "label" not in names, path
        for story in labelled if "{" in path else labelled[:1]:
            for address, name in list_texts(path, names, story):
                _check_address(client, address + (WORD if name else ""), readers)
    for path in ("/v1/headlines", "/v1/articles", "/v1/search", "/v1/changes", "/v1/stream"):
        assert client.get(f"{path}?label={WORD}", headers=readers[1]).status_code == 400, path


def _check_address(client: TestClient, address: str, readers: list[dict[str, str]]) -> None:
    for headers in readers if WORD not in address else readers[1:]:
        answer = client.get(address, headers=headers)
        if WORD in address:
            nothing = client.get(address.replace(WORD, OTHER), headers=headers)
            assert _count(answer, WORD) == _count(nothing, OTHER), address
        else:
            assert WORD not in find_traces(answer), address


def _count(answer: Response, word: str) -> tuple[int, int, int]:
    """Count the results in a response, and how often it repeats the requested word."""
    return answer.status_code, answer.text.count('"id"'), find_traces(answer).count(word)
