"""A shell with its own database."""

import pytest

from tests.cli.shell import Shell


@pytest.fixture
def shell(database_url: str) -> Shell:
    return Shell(database_url)
