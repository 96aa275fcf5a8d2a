"""A shell on a database of the test's own."""

import pytest

from tests.cli.shell import Shell


@pytest.fixture
def shell(database_url: str) -> Shell:
    return Shell(database_url)
