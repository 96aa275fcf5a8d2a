"""One archive for all tests that only read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.kit.sql.database import Database
from tests.databases import fresh_database
from tests.delivery.archive import write_archive


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def archive(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Database]:
    """A database with some thousand stories, a fifth of them scheduled."""
    folder: Path = tmp_path_factory.mktemp("archive")
    with fresh_database(request.param, folder) as url:
        database = Database(url)
        write_archive(database)
        yield database
        database.close()
