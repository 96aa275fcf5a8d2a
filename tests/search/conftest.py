"""What tests of search share: the index that a node follows the log with, step by step."""

from collections.abc import Callable, Iterator

import pytest

from app.bootstrap import Services
from app.search.indexer import Follower


@pytest.fixture
def follower(services: Services) -> Iterator[Follower]:
    """The follower of a node; nothing is followed before the test says so."""
    made = Follower(services.index, services.delivery)
    yield made
    made.close()


@pytest.fixture
def follow(follower: Follower) -> Callable[[], None]:
    """Bring the index up to the end of the log."""

    def until_done() -> None:
        while follower.step():
            pass

    return until_done
