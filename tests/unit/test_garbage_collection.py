"""A server that is ready leaves out what exists from garbage collections."""

import os
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_PROGRAM = """
import gc
from app.main import app
from tests.client import make_client
created = app()
print(gc.get_freeze_count())
with make_client(created):
    print(gc.get_freeze_count())
"""


def test_a_ready_server_leaves_out_what_exists_from_collections(tmp_path: Path) -> None:
    environment = os.environ | {"DATELINE_DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"}
    command = [sys.executable, "-c", _PROGRAM]
    done = subprocess.run(
        command, cwd=_ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    before, ready = map(int, done.stdout.splitlines())
    assert before == 0
    assert ready > 100_000
