"""Management of webhooks: permissions, contents, and secrets that are shown once."""

from app.bootstrap import Services
from tests.conftest import key_for
from tests.newsroom import Newsroom
from tests.push.conftest import EVERYTHING, Pushing, events
from tests.receiver import Receiver

_URL = "https://receiver.example/hook"


def test_a_secret_is_shown_once(newsroom: Newsroom) -> None:
    body = {"url": _URL, "events": ["article.published"], "filter": {"language": ["en"]}}
    headers = {"idempotency-key": "once"}
    first = newsroom.call("POST", "/webhooks", json=body, headers=headers)
    again = newsroom.call("POST", "/webhooks", json=body, headers=headers)
    webhook = first.json()
    assert first.status_code == 201
    assert webhook["secret"].startswith("whsec_")
    assert again.json() == {**webhook, "secret": None}
    answer = newsroom.call("GET", f"/webhooks/{webhook['id']}")
    assert answer.headers["etag"] == '"v1"'
    assert answer.json() == {name: value for name, value in webhook.items() if name != "secret"}
    assert newsroom.call("GET", "/webhooks").json()["data"] == [answer.json()]
    audit = newsroom.call("GET", f"/audit?subject={webhook['id']}").text
    assert webhook["secret"] not in audit


def test_changes_need_the_current_version(newsroom: Newsroom) -> None:
    webhook = newsroom.call("POST", "/webhooks", json={"url": _URL, "events": EVERYTHING}).json()
    changed = newsroom.patch(webhook, "webhooks", events=["article.killed"], filter={"kind": ["x"]})
    assert (changed["version"], changed["events"]) == (2, ["article.killed"])
    assert newsroom.delete(webhook, "webhooks").status_code == 412
    assert newsroom.delete(changed, "webhooks").status_code == 204
    assert newsroom.call("GET", f"/webhooks/{webhook['id']}").status_code == 404


def test_commands_check_the_version_if_it_is_sent(newsroom: Newsroom) -> None:
    webhook = newsroom.call("POST", "/webhooks", json={"url": _URL, "events": EVERYTHING}).json()
    newsroom.patch(webhook, "webhooks", events=["article.killed"])
    for verb in ("pause", "resume", "rotate"):
        path = f"/webhooks/{webhook['id']}/{verb}"
        version_tag = newsroom.call("GET", f"/webhooks/{webhook['id']}").headers["etag"]
        for tag, status in (('"v1"', 412), (version_tag, 200)):
            answer = newsroom.call("POST", path, headers={"if-match": tag})
            assert answer.status_code == status, (verb, answer.text)


def test_errors_name_the_wrong_field(newsroom: Newsroom) -> None:
    def pointers(**body: object) -> list[str]:
        sent = {"url": _URL, "events": ["article.killed"], **body}
        answer = newsroom.call("POST", "/webhooks", json=sent)
        assert answer.status_code == 422, answer.text
        return [error["pointer"] for error in answer.json()["errors"]]

    assert pointers(events=["article.born"]) == ["#/events/0"]
    assert pointers(events=["article.*"]) == ["#/events/0"]
    assert pointers(events=[]) == ["#/events"]
    assert pointers(filter={"category": ["nowhere"]}) == ["#/filter/category"]
    assert pointers(filter={"colour": ["red"]}) == ["#/filter/colour"]
    assert pointers(url="http://u:p@receiver.example/") == ["#/url"]
    assert pointers(state="paused") == ["#/state"]
    body = {"url": _URL, "events": EVERYTHING, "filter": None}
    webhook = newsroom.call("POST", "/webhooks", json=body).json()
    assert webhook["filter"] == {}
    listed = newsroom.call("GET", f"/webhooks/{webhook['id']}/deliveries?state=nope").json()
    assert "one of delivered, dropped, failed, pending." in listed["detail"]


def test_only_administrators_manage_webhooks(newsroom: Newsroom, pushing: Pushing) -> None:
    key = key_for(pushing.services, "publish")
    headers = {"authorization": f"Bearer {key}"}
    assert newsroom.client.get("/v1/manage/webhooks", headers=headers).status_code == 403


def test_a_paused_webhook_keeps_deliveries_and_cannot_be_tested(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver
) -> None:
    webhook = pushing.webhook(receiver.url)
    assert pushing.verb(webhook, "pause")["state"] == "paused"
    newsroom.story()
    pushing.settle()
    assert receiver.requests == []
    tested = newsroom.call("POST", f"/webhooks/{webhook['id']}/test")
    assert (tested.status_code, tested.json()["code"]) == (409, "wrong_state")
    pushing.verb(webhook, "resume")
    pushing.settle()
    assert len(receiver.requests) == 1


def test_deliveries_are_listed_and_sent_again_by_id_and_by_time(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver
) -> None:
    webhook = pushing.webhook(receiver.url)
    for number in range(3):
        newsroom.story(f"Story {number}")
    pushing.settle()
    path = f"/webhooks/{webhook['id']}/deliveries?state=delivered&limit=2"
    page = newsroom.call("GET", path).json()
    more = newsroom.call("GET", f"{path}&cursor={page['page']['next']}").json()
    assert (len(page["data"]), len(more["data"]), more["page"]["next"]) == (2, 1, None)
    delivery = page["data"][0]
    assert pushing.verb(webhook, "replay", ids=[delivery["id"]]) == {"deliveries": 1}
    pushing.settle()
    assert receiver.requests[3].headers["webhook-id"] == delivery["id"]
    selection = {"ids": [delivery["id"], "nope"]}
    refused = newsroom.call("POST", f"/webhooks/{webhook['id']}/replay", json=selection)
    assert [wrong["pointer"] for wrong in refused.json()["errors"]] == ["#/ids/1"]
    since = {"since": "2026-11-22T12:00:00Z", "until": "2026-11-22T12:00:01Z"}
    assert pushing.verb(webhook, "replay", **since) == {"deliveries": 3}
    pushing.settle()
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert sorted(ids[4:]) == sorted(ids[:3])
    assert newsroom.call("POST", f"/webhooks/{webhook['id']}/replay", json={}).status_code == 422


def test_events_before_the_first_step_are_sent(
    services: Services, newsroom: Newsroom, receiver: Receiver
) -> None:
    newsroom.story("Before")
    body = {"url": receiver.url, "events": ["article.published"]}
    assert newsroom.call("POST", "/webhooks", json=body).status_code == 201
    story = newsroom.story("After")
    Pushing(services, newsroom).settle()
    assert events(receiver.requests) == [("article.published", story["id"])]
