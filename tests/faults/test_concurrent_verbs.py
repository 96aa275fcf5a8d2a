"""Ten concurrent verbs on a story, and bulk commands: one order, no loss, no deadlock."""

from collections.abc import Callable
from functools import partial
from typing import Any

from app.bootstrap import Services
from tests.faults.commandline import assert_consistent
from tests.faults.concurrency import run_concurrently
from tests.newsroom import MERGE_PATCH, Newsroom

_ANY = {"if-match": "*"}
_VERBS: list[tuple[str, dict[str, Any]]] = [
    ("publish", {}),
    ("schedule", {"at": "2026-12-01T00:00:00Z"}),
    ("schedule", {"at": None}),
    ("correct", {"note": "N.", "changes": {"dateline": "RABAT"}}),
    ("unpublish", {"answer": "gone"}),
    ("unpublish", {}),
    ("publish", {"update": "minor"}),
    ("restore", {"reason": "R."}),
    ("revisions/1/restore", {}),
]


def _verb(newsroom: Newsroom, id_: str, verb: str, body: dict[str, Any]) -> int:
    path = f"/articles/{id_}/{verb}"
    return newsroom.call("POST", path, json=body, headers=_ANY).status_code


def _edit(newsroom: Newsroom, id_: str) -> int:
    headers = _ANY | {"content-type": MERGE_PATCH}
    patch = {"summary": "S", "embargo_until": "2026-11-30T00:00:00Z"}
    return newsroom.call("PATCH", f"/articles/{id_}", json=patch, headers=headers).status_code


def test_ten_concurrent_verbs_have_one_order(newsroom: Newsroom, services: Services) -> None:
    for number in range(4):
        story = newsroom.story(f"Story {number}")
        acts: list[Callable[[], int]] = [
            partial(_verb, newsroom, story["id"], verb, body) for verb, body in _VERBS
        ]
        acts.append(partial(_edit, newsroom, story["id"]))
        assert set(run_concurrently(acts)) <= {200, 409}
        now = newsroom.call("GET", f"/articles/{story['id']}").json()
        history = newsroom.call("GET", f"/articles/{story['id']}/revisions?limit=100").json()
        versions = [item["version"] for item in history["data"]]
        assert versions == list(range(now["version"], 0, -1))
    assert_consistent(services.settings.database_url)


def test_a_kill_among_concurrent_verbs_is_final(newsroom: Newsroom, services: Services) -> None:
    for number in range(4):
        story = newsroom.story(f"Story {number}")
        verbs = [item for item in _VERBS if item[0] != "restore"] + [("kill", {"notice": "N."})]
        run_concurrently(
            [partial(_verb, newsroom, story["id"], verb, body) for verb, body in verbs]
        )
        assert newsroom.call("GET", f"/articles/{story['id']}").json()["state"] == "killed"
        answer = newsroom.client.get(f"/v1/articles/{story['id']}")
        assert (answer.status_code, answer.json()["detail"]) == (410, "N.")
    assert_consistent(services.settings.database_url)


def test_orders_for_the_same_stories_do_not_wait_for_each_other(
    newsroom: Newsroom, services: Services
) -> None:
    ids = [newsroom.story(f"Story {number}")["id"] for number in range(6)]

    def order(refs: list[str], verb: str) -> tuple[int, int]:
        body = {"verb": verb, "refs": refs}
        answer = newsroom.call("POST", "/articles/bulk", json=body)
        return answer.status_code, answer.json()["done"]

    verbs = ["publish", "publish", "unpublish", "publish"]
    acts = [
        partial(order, ids if number % 2 else ids[::-1], verb) for number, verb in enumerate(verbs)
    ]
    assert run_concurrently(acts) == [(200, 6)] * 4
    assert_consistent(services.settings.database_url)
