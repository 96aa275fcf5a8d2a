"""Concurrent links of translations: one story for each language, and each is logged.

One of two transactions is held open, so that the other runs at the worst moment.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.bootstrap import Services
from app.content.commands.create_article import create_article
from app.content.inputs import ArticleInput
from app.kit.errors import Failure, InvalidInput
from app.kit.ids import new_id
from app.kit.sql.unit_of_work import Actor, Runner, UnitOfWork
from tests.faults.commandline import assert_consistent
from tests.life.log import rows
from tests.newsroom import Newsroom

# Long enough for the other one to do everything that needs no waiting.
_HELD = 0.5
_WRITER = Actor(None, "tests")


@pytest.fixture
def original(newsroom: Newsroom) -> str:
    story: str = newsroom.article("English")["id"]
    return story


class HeldTransaction:
    """A runner whose transactions wait for a while before their commit."""

    def __init__(self, services: Services) -> None:
        self.wait_for_start = threading.Event()
        usual = services.runner
        self.runner = Runner(
            services.database, services.clock, [*usual._subscribers, self._wait], usual._announce
        )

    def _wait(self, _: UnitOfWork) -> None:
        self.wait_for_start.set()
        time.sleep(_HELD)


def link_translation(original: str, language: str) -> Callable[[UnitOfWork], str]:
    # Equal slugs would be serialized anyway.
    fields: dict[str, Any] = {"title": "Tied", "status": "published", "slug": new_id()[-12:]}
    story = ArticleInput(**fields, language=language, translation_of=original)
    return lambda unit: create_article(unit, story)[0].id


def run_both(
    services: Services, first: Callable[[UnitOfWork], str], second: Callable[[UnitOfWork], str]
) -> Any:
    """Run two commands, the second while the first is about to commit."""
    held = HeldTransaction(services)

    def run_second() -> str | Failure:
        assert held.wait_for_start.wait(30)
        try:
            return services.runner.run(_WRITER, second)
        except Failure as wrong:
            return wrong

    with ThreadPoolExecutor(2) as pool:
        earlier = pool.submit(held.runner.run, _WRITER, first)
        other = pool.submit(run_second)
        return earlier.result(timeout=60), other.result(timeout=60)


def test_of_two_concurrent_translations_in_one_language_one_is_linked(
    services: Services, original: str
) -> None:
    _, refused = run_both(
        services, link_translation(original, "fr"), link_translation(original, "FR")
    )
    assert isinstance(refused, InvalidInput)
    assert [error.code for error in refused.errors] == ["language_taken"]


def test_sync_clients_receive_each_story_again_after_the_link(
    services: Services, original: str
) -> None:
    first, second = run_both(
        services, link_translation(original, "fr"), link_translation(original, "ar")
    )
    logged = [(row.id, row.reason) for row in rows(services)]
    assert logged == [(first, "published"), (second, "published"), (first, "updated")]
    assert_consistent(services.settings.database_url)
