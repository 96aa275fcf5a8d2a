"""What a verb costs, in statements. More of them are to be a decision, not an accident."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from app.bootstrap import Services
from app.kit.postgres import Conversation, Statement
from tests.databases import counted_queries
from tests.newsroom import Newsroom

# PostgreSQL takes locks and tells its listeners, too, and the key is checked again after the work.
_COSTS = {
    "sqlite": {
        "create": 17,
        "publish again": 14,
        "correct": 14,
        "unpublish": 15,
        "publish": 19,
        "kill": 17,
        "restore": 9,
    },
    "postgresql": {
        "create": 23,
        "publish again": 19,
        "correct": 19,
        "unpublish": 20,
        "publish": 25,
        "kill": 22,
        "restore": 13,
    },
}

# Ways to PostgreSQL and back: the key, the key again in
# the transaction, the story with what it names, what is written, the end.
_WAYS = {
    "publish again": 6,
    "correct": 6,
    "unpublish": 6,
    "publish": 6,
    "kill": 6,
    "restore": 6,
}


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_verb_goes_so_often_to_the_server(
    newsroom: Newsroom, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways: list[int] = []
    run = Conversation.run

    def counted(self: Conversation, statements: Sequence[Statement]) -> Any:
        ways[-1] += 1
        return run(self, statements)

    def count(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        ways.append(0)
        return act()

    newsroom.source("Wire")
    newsroom.category("Politics")
    story = newsroom.story("A", source="wire", categories=["politics"], tags=["Budget"])
    monkeypatch.setattr(Conversation, "run", counted)
    story = count(lambda: newsroom.verb(story, "publish"))
    story = count(lambda: newsroom.verb(story, "correct", note="It was."))
    story = count(lambda: newsroom.verb(story, "unpublish"))
    story = count(lambda: newsroom.verb(story, "publish"))
    story = count(lambda: newsroom.verb(story, "kill", notice="Wrong."))
    count(lambda: newsroom.verb(story, "restore", reason="Right after all."))
    assert dict(zip(_WAYS, ways, strict=True)) == _WAYS


def test_a_verb_costs_so_many_statements(newsroom: Newsroom, services: Services) -> None:
    newsroom.source("Wire")
    newsroom.category("Politics")
    newsroom.category("Elections", parent="politics")
    costs: dict[str, int] = {}

    def count(name: str, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        with counted_queries(services.database) as sent:
            story = act()
        costs[name] = len(sent)
        return story

    fields = {"source": "wire", "categories": ["elections"], "tags": ["Budget"]}
    newsroom.story("Warm")
    story = count("create", lambda: newsroom.story("A", external_id="1", **fields))
    story = count("publish again", lambda: newsroom.verb(story, "publish"))
    story = count("correct", lambda: newsroom.verb(story, "correct", note="It was."))
    story = count("unpublish", lambda: newsroom.verb(story, "unpublish"))
    story = count("publish", lambda: newsroom.verb(story, "publish"))
    story = count("kill", lambda: newsroom.verb(story, "kill", notice="Wrong."))
    count("restore", lambda: newsroom.verb(story, "restore", reason="Right after all."))
    assert costs == _COSTS[services.database.dialect]
