"""Concurrent imports of the same stories: each exists once, and every line is answered."""

import json
from collections import Counter
from functools import partial

import pytest

from app.bootstrap import Services
from tests.faults.commandline import assert_consistent
from tests.faults.concurrency import run_concurrently
from tests.newsroom import Newsroom


@pytest.mark.slow
def test_two_imports_with_the_same_external_ids_create_each_story_once(
    newsroom: Newsroom, services: Services
) -> None:
    newsroom.source("Agency")
    results = run_concurrently(
        [
            partial(_import, newsroom, range(700), "First"),
            partial(_import, newsroom, range(1000, 300, -1), "Second"),
        ]
    )
    statuses = Counter(line["status"] for lines in results for line in lines)
    assert set(statuses) <= {"created", "updated"}, results
    assert statuses["created"] == 1001
    ids = {line["id"] for lines in results for line in lines}
    assert len(ids) == 1001
    assert newsroom.call("GET", "/articles?count=exact").json()["page"]["count"] == 1001
    assert_consistent(services.settings.database_url)


def test_two_imports_of_the_same_sources_and_categories_agree(
    newsroom: Newsroom, services: Services
) -> None:
    lines = [{"type": "category", "slug": f"c-{n}", "name": f"Category {n}"} for n in range(20)]
    ndjson = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    results = run_concurrently([partial(_send, newsroom, ndjson) for _ in range(3)])
    for answers in results:
        assert {answer["status"] for answer in answers} <= {"created", "unchanged"}, answers
    assert newsroom.call("GET", "/categories?count=exact").json()["page"]["count"] == 20
    assert_consistent(services.settings.database_url)


def _import(newsroom: Newsroom, numbers: range, title: str) -> list[dict]:
    lines = (
        {
            "type": "article",
            "external_id": f"x-{number}",
            "source": "agency",
            "title": f"{title} {number}",
            "language": "en",
            "status": "published",
        }
        for number in numbers
    )
    return _send(newsroom, b"".join(json.dumps(line).encode() + b"\n" for line in lines))


def _send(newsroom: Newsroom, ndjson: bytes) -> list[dict]:
    headers = {"content-type": "application/x-ndjson"}
    answer = newsroom.call("POST", "/import", content=ndjson, headers=headers)
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]
