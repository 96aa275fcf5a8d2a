"""Databases with and without a schema."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.kit.sql import migrations
from app.kit.sql.database import Database
from tests.databases import fresh_database


@pytest.fixture
def empty_url(dialect: str, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table."""
    folder = tmp_path / "empty"
    folder.mkdir()
    with fresh_database(dialect, folder, migrated=False) as url:
        yield url


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    """A database without any table."""
    database = Database(empty_url)
    yield database
    database.close()


@pytest.fixture
def migrated(dialect: str, tmp_path: Path) -> Iterator[Database]:
    """A database that was migrated here, not copied."""
    folder = tmp_path / "migrated"
    folder.mkdir()
    with fresh_database(dialect, folder, migrated=False) as url:
        database = Database(url)
        migrations.upgrade(database)
        yield database
        database.close()
