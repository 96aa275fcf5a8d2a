"""What a verb costs, in statements. More of them are to be a decision, not an accident."""

from collections.abc import Callable
from typing import Any

from app.bootstrap import Services
from tests.databases import counted_queries
from tests.newsroom import Newsroom

# PostgreSQL takes locks and tells its listeners, too, and the key is checked again after the work.
_COSTS = {
    "sqlite": {
        "create": 19,
        "publish again": 14,
        "correct": 18,
        "unpublish": 15,
        "publish": 19,
        "kill": 19,
        "restore": 9,
    },
    "postgresql": {
        "create": 25,
        "publish again": 19,
        "correct": 23,
        "unpublish": 20,
        "publish": 25,
        "kill": 24,
        "restore": 13,
    },
}


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
