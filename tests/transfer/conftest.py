"""Two newsrooms: the source, and a destination on the other kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.bootstrap import Services
from app.settings import Settings
from tests.clock import HandClock
from tests.transfer.helpers import OTHER, SECRET, open_newsroom


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, secret_key=SecretStr(SECRET))


@pytest.fixture
def elsewhere(dialect: str, tmp_path: Path, clock: HandClock) -> Iterator[Services]:
    """An empty newsroom on the other kind of database, under the same clock."""
    with open_newsroom(OTHER[dialect], tmp_path / "elsewhere", clock) as services:
        yield services
