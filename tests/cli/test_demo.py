"""`dateline demo`: import, output, and the end of its key."""

import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import Row, select

from app.access.models import ApiKey
from app.kit.sql.database import Database
from tests.cli.shell import free_port, start
from tests.cli.test_processes import answer, run_process
from tests.client import check_contract
from tests.newsroom import MERGE_PATCH

_DATABASE = "dateline-demo.db"


@contextmanager
def demo(folder: Path) -> Iterator[tuple[httpx2.Client, str]]:
    """Run a demo until the block ends; yield a client with its key, and its output."""
    port = free_port()
    with run_process("demo", "--port", str(port), folder=folder) as process:
        address = f"http://127.0.0.1:{port}"
        answer(f"{address}/healthz")
        announced = read_announcement(process)
        key = re.search(r"dl_[\w-]{43}", announced)
        assert key is not None, announced
        headers = {"authorization": f"Bearer {key.group()}"}
        with check_contract(httpx2.Client(base_url=address, headers=headers)) as client:
            yield client, announced
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def read_announcement(process: subprocess.Popen[str]) -> str:
    """Return the output of a demo before it serves."""
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    printed = ""
    while "Ctrl-C" not in printed:
        printed += next(lines)
    return printed


def keys(folder: Path) -> Sequence[Row]:
    """Return all stored keys, oldest first."""
    with (
        closing(Database(f"sqlite:///{folder / _DATABASE}")) as database,
        database.engine.connect() as connection,
    ):
        return connection.execute(select(ApiKey.__table__).order_by(ApiKey.created_at)).all()


@pytest.mark.slow
def test_the_demo_serves_samples_with_the_printed_key(tmp_path: Path) -> None:
    with demo(tmp_path) as (client, announced):
        assert f"at {client.base_url}".rstrip("/") in announced
        assert len(client.get("/v1/headlines?limit=100").json()["data"]) >= 30
        assert "swagger" in client.get("/docs").text
        story = {"title": "Mine", "language": "en", "status": "published"}
        assert client.post("/v1/manage/articles", json=story).status_code == 201
        assert client.get("/v1/articles/mine").json()["title"] == "Mine"


@pytest.mark.exhaustive
def test_a_second_start_changes_no_story(tmp_path: Path) -> None:
    with demo(tmp_path) as (client, first):
        withdrawn, edited = client.get("/v1/headlines?limit=2").json()["data"]
        managed = "/v1/manage/articles"
        verb = client.post(f"{managed}/{withdrawn['id']}/unpublish", headers={"if-match": '"v1"'})
        assert verb.status_code == 200, verb.text
        change = {"title": "Edited", "status": "published"}
        headers = {"if-match": '"v1"', "content-type": MERGE_PATCH}
        patch = client.patch(f"{managed}/{edited['id']}", json=change, headers=headers)
        assert patch.status_code == 200, patch.text
    with demo(tmp_path) as (client, second):
        assert client.get(f"/v1/articles/{withdrawn['id']}").status_code == 404
        assert client.get(f"/v1/articles/{edited['id']}").json()["title"] == "Edited"
        count = client.get("/v1/headlines?count=exact").json()["page"]["count"]
        assert f"serves {count} sample stories" in second
        assert f"serves {count + 1} sample stories" in first


@pytest.mark.exhaustive
def test_the_key_ends_with_the_demo_or_after_a_day(tmp_path: Path) -> None:
    for starts in (1, 2):
        with demo(tmp_path):
            assert len(keys(tmp_path)) == starts
            key = keys(tmp_path)[-1]
            assert key.revoked_at is None
            assert key.expires_at is not None
            assert key.expires_at - key.created_at == timedelta(days=1)
    assert all(key.revoked_at is not None for key in keys(tmp_path))


@pytest.mark.slow
def test_a_port_in_use_is_reported_first(tmp_path: Path) -> None:
    port = free_port()
    folder = tmp_path / "late"
    folder.mkdir()
    with run_process("serve", "--port", str(port), folder=tmp_path):
        answer(f"http://127.0.0.1:{port}/healthz")
        late = start("demo", "--port", str(port), folder=folder)
        printed, message = late.communicate(timeout=30)
    assert (late.returncode, printed) == (1, "")
    assert message == (
        f"dateline: Cannot listen on 127.0.0.1, port {port}. Another program listens there "
        "(address already in use). End it, or choose another port with --port or DATELINE_PORT.\n"
    )
    assert list(folder.iterdir()) == []
