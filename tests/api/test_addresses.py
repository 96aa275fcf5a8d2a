"""Every field with an address has the same validation, on every write path."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.content.transfer.importer import Importer
from app.kit import json
from app.kit.sql.unit_of_work import Actor
from tests.newsroom import MERGE_PATCH, Newsroom

HOSTILE = 'https://127.0.0.1"onerror="alert(1)"y="'
FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("#/url", {"url": HOSTILE}),
    ("#/image/url", {"image": {"url": HOSTILE}}),
    ("#/authors/0/url", {"authors": [{"name": "N", "url": HOSTILE}]}),
    ("#/rights/licence", {"rights": {"licence": HOSTILE}}),
]


def list_error_pointers(answer: Any) -> tuple[int, list[tuple[str, str]]]:
    errors = answer.json().get("errors", [])
    return answer.status_code, [(error["pointer"], error["code"]) for error in errors]


@pytest.mark.parametrize(("pointer", "fields"), FIELDS)
def test_articles_refuse_an_invalid_address_in_every_field(
    pointer: str, fields: dict[str, Any], newsroom: Newsroom, services: Services
) -> None:
    article = newsroom.story()
    path, anyone = f"/articles/{article['id']}", {"if-match": "*"}
    document = {"title": "A", "language": "en", **fields}
    expected = (422, [(pointer, "bad_address")])
    assert list_error_pointers(newsroom.call("POST", "/articles", json=document)) == expected
    assert (
        list_error_pointers(newsroom.call("PUT", path, json=document, headers=anyone)) == expected
    )
    patching = {**anyone, "content-type": MERGE_PATCH}
    assert (
        list_error_pointers(newsroom.call("PATCH", path, json=fields, headers=patching)) == expected
    )
    order = {"note": "N", "changes": fields}
    assert (
        list_error_pointers(newsroom.call("POST", f"{path}/correct", json=order, headers=anyone))
        == expected
    )
    line = {"type": "article", "external_id": "1", **document}
    (outcomes,) = Importer(services.runner, Actor(None, "tests")).run([json.dumps(line)])
    assert [outcome.status for outcome in outcomes] == ["refused"]


def test_sources_and_webhooks_refuse_an_invalid_address(newsroom: Newsroom) -> None:
    expected = (422, [("#/url", "bad_address")])
    source = {"name": "S", "url": HOSTILE}
    assert list_error_pointers(newsroom.call("POST", "/sources", json=source)) == expected
    webhook = {"url": HOSTILE, "events": ["article.published"]}
    assert list_error_pointers(newsroom.call("POST", "/webhooks", json=webhook)) == expected


def test_a_licence_is_a_text_or_a_valid_address(newsroom: Newsroom) -> None:
    for licence in ("CC BY 4.0", "https://creativecommons.example/by/4.0/"):
        assert newsroom.article(rights={"licence": licence})["rights"]["licence"] == licence


def test_a_second_post_with_an_external_id_cannot_add_a_hostile_address(
    newsroom: Newsroom, client: TestClient
) -> None:
    written = {"external_id": "1", "body": '<p><img src="a.png"></p>', "status": "published"}
    article = newsroom.article(**written)
    second = {"title": "A title", "language": "en", **written, "url": HOSTILE}
    assert list_error_pointers(newsroom.call("POST", "/articles", json=second))[0] == 422
    for path in (
        "/feeds/latest.rss",
        "/feeds/latest.atom",
        "/feeds/latest.json",
        "/feeds/latest.ninjs",
    ):
        assert "onerror" not in client.get(path).text
    assert "onerror" not in client.get(f"/v1/articles/{article['id']}.newsml").text
