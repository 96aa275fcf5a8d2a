"""The number of statements of each verb: an increase has to be a decision, not an accident."""

from collections.abc import Callable
from typing import Any

from app.bootstrap import Services
from tests.databases import count_queries
from tests.newsroom import Newsroom

# PostgreSQL also takes locks and sends notifications, and the key is checked again afterwards.
_COSTS = {
    "sqlite": {
        "create": 16,
        "publish again": 13,
        "correct": 15,
        "unpublish": 14,
        "publish": 18,
        "kill": 17,
        "restore": 8,
    },
    "postgresql": {
        "create": 22,
        "publish again": 18,
        "correct": 20,
        "unpublish": 19,
        "publish": 24,
        "kill": 22,
        "restore": 12,
    },
}


def test_each_verb_takes_a_fixed_number_of_statements(
    newsroom: Newsroom, services: Services
) -> None:
    newsroom.source("Wire")
    newsroom.category("Politics")
    newsroom.category("Elections", parent="politics")
    costs: dict[str, int] = {}

    def count(name: str, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        with count_queries(services.database) as sent:
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
