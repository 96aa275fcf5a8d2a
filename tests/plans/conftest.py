"""One archive for each database and each state of its planner statistics."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.kit.sql.database import Database
from tests.databases import fresh_database
from tests.plans.archive import write_archive

_KINDS = ["sqlite", "postgresql-fresh", "postgresql-missing", "postgresql-outdated"]


@pytest.fixture(scope="module", params=_KINDS)
def archive(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Database]:
    """A database with some ten thousand articles; tests undo what they change."""
    folder: Path = tmp_path_factory.mktemp("plans")
    dialect, _, statistics = request.param.partition("-")
    with fresh_database(dialect, folder) as url:
        database = Database(url)
        write_archive(database, statistics)
        yield database
        database.close()
