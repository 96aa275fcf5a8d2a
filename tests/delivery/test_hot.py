"""Held connections: which of them keep how much of a file in memory."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.bootstrap import Services


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_thread_that_answers_most_readers_keeps_more_of_the_file(services: Services) -> None:
    asked = text("PRAGMA cache_size")

    def kept() -> int:
        with services.database.read_hot() as session:
            pages: int = session.scalar(asked)
            return -pages

    with ThreadPoolExecutor(1) as pool:
        elsewhere = pool.submit(kept).result()
    assert kept() > 2 * elsewhere > 0
