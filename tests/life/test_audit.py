"""Every change in the newsroom has an audit entry with its actor and its difference."""

import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.access.audit import TYPES, VERBS, delete_older
from app.access.signing_secrets import rotate_signing_secret
from app.bootstrap import Services
from app.content.commands.erase_article import erase_article
from app.kit.sql.unit_of_work import Actor, UnitOfWork
from app.syndication.push.commands.stop_webhook import DISABLED, stop_webhook
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.partners.agreements import add_partner, add_product
from tests.transfer.helpers import export_all, import_lines

DOCS = Path(__file__).parents[2] / "docs" / "life.md"


def list_audit(newsroom: Newsroom, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = newsroom.call("GET", f"/audit{query}").json()["data"]
    return rows


def test_a_change_is_audited_with_actor_address_and_difference(newsroom: Newsroom) -> None:
    story = newsroom.story("Before", body="<p>Long.</p>")
    newsroom.call(
        "PATCH",
        f"/articles/{story['id']}",
        json={"title": "After"},
        headers={
            "if-match": "*",
            "content-type": "application/merge-patch+json",
            "x-request-id": "desk-7",
        },
    )
    last, first, _ = list_audit(newsroom)
    assert (last["verb"], last["type"], last["subject"]) == ("edited", "article", story["id"])
    assert (last["request_id"], last["address"]) == ("desk-7", "testclient")
    assert last["by"]["name"] == "a key for admin"
    assert (last["before"]["title"], last["after"]["title"]) == ("Before", "After")
    assert (last["before"]["version"], last["after"]["version"]) == (1, 2)
    assert "tags" not in last["after"]
    assert (first["verb"], first["before"], first["after"]["stage"]) == (
        "published",
        None,
        "published",
    )
    assert "body" not in first["after"]


def test_every_command_writes_an_audit_entry(newsroom: Newsroom) -> None:
    source, category = newsroom.source("S"), newsroom.category("C")
    newsroom.patch(source, "sources", name="S2")
    newsroom.patch(category, "categories", name="C2")
    for thing, kind in ((source, "sources"), (category, "categories")):
        assert newsroom.delete(thing | {"version": 2}, kind).is_success
    story = newsroom.story()
    story = newsroom.verb(story, "correct", note="N.")
    story = newsroom.verb(story, "unpublish")
    story = newsroom.verb(story, "schedule", at="2027-01-01T00:00:00Z")
    story = newsroom.verb(story, "schedule", at=None)
    story = newsroom.delete(story).json()
    story = newsroom.verb(story, "restore")
    newsroom.verb(story, "kill", notice="N.")
    key = newsroom.call("POST", "/keys", json={"name": "K", "scopes": ["read"]}).json()
    newsroom.call("DELETE", f"/keys/{key['id']}")
    verbs = [(entry["type"], entry["verb"]) for entry in list_audit(newsroom)][::-1]
    assert verbs == [
        ("key", "created"),
        *[(kind, "created") for kind in ("source", "category")],
        *[(kind, "edited") for kind in ("source", "category")],
        *[(kind, "deleted") for kind in ("source", "category")],
        *[
            ("article", verb)
            for verb in (
                *("published", "corrected", "unpublished", "scheduled", "unscheduled"),
                *("deleted", "restored", "killed"),
            )
        ],
        ("key", "created"),
        ("key", "revoked"),
    ]
    assert key["key"] not in newsroom.call("GET", "/audit").text


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_every_audit_verb_and_type_is_used(newsroom: Newsroom, services: Services) -> None:
    newsroom.category("C")
    newsroom.source("S")
    product, partner = add_product(newsroom), add_partner(newsroom, "product")
    token = {"product": product["slug"], "expires_at": None}
    assert newsroom.call("POST", f"/partners/{partner['id']}/feed-tokens", json=token).is_success
    story = newsroom.story(slug="story")
    story = newsroom.verb(story, "correct", note="N.")
    story = newsroom.verb(story, "unpublish")
    story = newsroom.patch(story, title="Edited")
    story = newsroom.verb(story, "schedule", at="2027-01-01T00:00:00Z")
    story = newsroom.verb(story, "schedule", at=None)
    story = newsroom.verb(newsroom.delete(story).json(), "restore")
    link = newsroom.call("POST", f"/articles/{story['id']}/preview", json={}).json()["url"]
    assert newsroom.client.delete(link, headers=newsroom.headers).is_success
    newsroom.verb(story, "kill", notice="N.")
    _remove_stories(newsroom, services)
    import_lines(services, [b'{"type": "article", "language": "en", "title": "T", "slug": "t"}'])
    _apply_every_webhook_verb(newsroom, services)
    assert newsroom.call("GET", "/export").is_success
    assert newsroom.client.get("/v1/headlines", headers={"x-api-key": "dl_x"}).status_code == 401
    services.refusals.write(services.runner)
    services.runner.run(
        Actor(None, "tests"), lambda unit: rotate_signing_secret(unit, forget=False)
    )
    entries = list_audit(newsroom, "?limit=100")
    # Subscriptions are tested in `tests/push/test_hub_audit.py`, people in `tests/people`.
    assert {entry["verb"] for entry in entries} == set(VERBS) - {"subscribed", "unsubscribed"}
    assert {entry["type"] for entry in entries} == set(TYPES) - {
        *("subscription", "person", "session")
    }


def _remove_stories(newsroom: Newsroom, services: Services) -> None:
    deleted = newsroom.delete(newsroom.article("Purged")).json()
    headers = {"if-match": f'"v{deleted["version"]}"'}
    answer = newsroom.call("POST", f"/articles/{deleted['id']}/purge", headers=headers)
    assert answer.status_code == 204
    erased = newsroom.article("Erased")["id"]
    services.runner.run(Actor(None, "tests"), lambda unit: erase_article(unit, erased))


def _apply_every_webhook_verb(newsroom: Newsroom, services: Services) -> None:
    body = {"url": "https://receiver.example/hook", "events": ["article.killed"]}
    path = f"/webhooks/{newsroom.call('POST', '/webhooks', json=body).json()['id']}"
    since = {"since": "2026-11-22T12:00:00Z"}
    for verb in ("test", "rotate", "replay", "pause", "resume"):
        order = since if verb == "replay" else None
        assert newsroom.call("POST", f"{path}/{verb}", json=order).is_success, verb
    id_ = path.rpartition("/")[2]
    services.runner.run(
        Actor(None, "push"), lambda unit: stop_webhook(unit, id_, DISABLED, "It is gone.")
    )


@pytest.mark.parametrize(("verb", "type_"), [("shouted", "article"), ("created", "rumour")])
@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_unknown_audit_verb_rolls_the_change_back(
    newsroom: Newsroom, services: Services, verb: str, type_: str
) -> None:
    def act(unit: UnitOfWork) -> None:
        unit.audit("created", "key", "k", None, {})
        unit.audit(verb, type_, "x", None, {})

    before = list_audit(newsroom)
    with pytest.raises(ValueError, match="The audit does not know"):
        services.runner.run(Actor(None, "tests"), act)
    assert list_audit(newsroom) == before


def test_a_refused_or_empty_change_writes_no_audit_entry(newsroom: Newsroom) -> None:
    article = newsroom.article("Same")
    newsroom.patch(article, title="Same")
    newsroom.call("POST", f"/articles/{article['id']}/unpublish", headers={"if-match": "*"})
    assert [entry["verb"] for entry in list_audit(newsroom, "?type=article")] == ["created"]


def test_the_audit_list_has_filters_and_pages(newsroom: Newsroom, clock: HandClock) -> None:
    first = newsroom.article("First")
    clock.advance(hours=1)
    second = newsroom.story("Second")
    key = list_audit(newsroom)[0]["by"]["key"]
    for query, expected in {
        "verb=published": [second["id"]],
        f"subject={first['id']}": [first["id"]],
        "type=article": [second["id"], first["id"]],
        "type=article&since=2026-11-22T12:30:00Z": [second["id"]],
        "type=article&until=2026-11-22T12:30:00Z": [first["id"]],
        f"key={key}": [second["id"], first["id"]],
    }.items():
        assert [entry["subject"] for entry in list_audit(newsroom, f"?{query}")] == expected, query
    for name, known in (("verb", VERBS), ("type", TYPES)):
        refused = newsroom.call("GET", f"/audit?{name}=publish")
        (error,) = refused.json()["errors"]
        assert (refused.status_code, error["code"]) == (400, "not_allowed")
        assert all(word in error["detail"] for word in known)
        assert _list_documented(name) == sorted(known)
    page = newsroom.call("GET", "/audit?limit=1").json()
    rest = newsroom.call("GET", f"/audit?limit=1&cursor={page['page']['next']}").json()
    back = newsroom.call("GET", f"/audit?limit=1&cursor={rest['page']['prev']}").json()
    assert [page["data"][0]["subject"], rest["data"][0]["subject"]] == [second["id"], first["id"]]
    assert back["data"] == page["data"]
    assert newsroom.call("GET", "/audit?who=me").json()["code"] == "bad_parameter"


def _list_documented(name: str) -> list[str]:
    """Return the documented values of a parameter, which are in a sentence."""
    text = DOCS.read_text("utf-8")
    listed = text.split(f"The {name}s are ", 1)[1].split(".\n", 1)[0]
    return sorted(re.findall(r"\w+", listed.replace(" and ", " ")))


def test_an_import_writes_one_audit_entry(newsroom: Newsroom, services: Services) -> None:
    newsroom.story("One")
    exported = export_all(services)
    before = len(list_audit(newsroom))
    import_lines(services, exported)
    assert len(list_audit(newsroom)) == before
    line = b'{"type": "article", "language": "en", "title": "T", "slug": "t"}'
    import_lines(services, [line, line.replace(b'"t"', b'"u"')])
    (row,) = list_audit(newsroom, "?type=import")
    assert (row["verb"], row["after"]) == ("imported", {"created": 2})


def test_old_audit_entries_are_deleted(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    newsroom.article("Old")
    clock.advance(days=400)
    newsroom.article("New")
    actor = Actor(None, "worker")
    assert services.runner.run(actor, lambda unit: delete_older(unit, 0)) == 0
    assert services.runner.run(actor, lambda unit: delete_older(unit, 365)) == 2
    assert [entry["after"]["title"] for entry in list_audit(newsroom)] == ["New"]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_rolled_back_change_writes_no_audit_entry(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.article("A", slug="a")
    taken = newsroom.call("POST", "/articles", json={"title": "B", "language": "en", "slug": "a"})
    assert taken.status_code == 409
    assert len(list_audit(newsroom, "?type=article")) == 1
