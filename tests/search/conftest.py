"""Shared by the search tests: an index updater that runs step by step."""

from collections.abc import Callable, Iterator

import pytest

from app.bootstrap import Services
from app.search.index_updater import IndexUpdater


@pytest.fixture
def follower(services: Services) -> Iterator[IndexUpdater]:
    """An index updater that does nothing before the test says so."""
    updater = IndexUpdater(services.index, services.delivery)
    yield updater
    updater.close()


@pytest.fixture
def follow(follower: IndexUpdater) -> Callable[[], None]:
    """Bring the index up to the end of the log."""

    def until_done() -> None:
        while follower.step():
            pass

    return until_done
