"""One process leads; who dies is followed by another."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from app.kit.database import Database
from app.kit.leadership import Leadership

_HOLD = """
import sys
from app.kit.database import Database
leadership = Database(sys.argv[1]).leadership()
print(leadership.held(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def leadership(database_url: str) -> Iterator[Leadership]:
    made = Database(database_url).leadership()
    yield made
    made.release()


def test_one_leads_until_it_dies(database_url: str, leadership: Leadership) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, database_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        assert not leadership.held()
        process.kill()
        process.wait()
        assert _soon(leadership)
    assert leadership.held()
    leadership.release()


def test_who_gives_it_up_can_have_it_again(database_url: str, leadership: Leadership) -> None:
    other = Database(database_url).leadership()
    assert leadership.held()
    assert not other.held()
    leadership.release()
    assert _soon(other)
    assert not leadership.held()
    other.release()


def _soon(leadership: Leadership) -> bool:
    """Ask for a while: PostgreSQL notices a dead connection a moment later."""
    import time

    for _ in range(1_200):
        if leadership.held():
            return True
        time.sleep(0.05)
    return False
