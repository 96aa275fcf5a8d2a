"""PgBouncer in front of PostgreSQL: session pooling works, transaction pooling is refused."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from app.api.app import create_app
from app.bootstrap import bootstrap, open_database, prepare_database
from app.kit.errors import Misconfigured
from app.settings import Settings
from app.worker import Worker
from tests.client import make_client
from tests.conftest import key_for
from tests.faults.commandline import assert_reported_in_a_sentence, dateline
from tests.faults.postgres import Postgres, start_postgres
from tests.faults.server import free_port
from tests.newsroom import Newsroom
from tests.system.programs import require_program

pytestmark = pytest.mark.system

_CONFIGURATION = """
[databases]
dateline = host={host} port=5432 dbname=dateline user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A separate PostgreSQL for these tests."""
    require_program("pgbouncer", "pgbouncer")
    with start_postgres() as server:
        yield server


@contextmanager
def pgbouncer(postgres: Postgres, mode: str, size: int = 20) -> Iterator[str]:
    """Run PgBouncer in front of a server, and return the address of the database behind it."""
    program, port = require_program("pgbouncer", "pgbouncer"), free_port()
    folder, user = Path(tempfile.mkdtemp()), postgres.processes()[0].username()
    file = folder / "pgbouncer.ini"
    host = Path(postgres.socket).parent
    file.write_text(_CONFIGURATION.format(host=host, port=port, mode=mode, size=size))
    for path in (folder, file):
        shutil.chown(path, user)
    # It does not run as root.
    process = subprocess.Popen([program, "-q", str(file)], user=user, stderr=subprocess.DEVNULL)
    url = f"postgresql://writer@127.0.0.1:{port}/dateline"
    try:
        _wait(url)
        yield url.replace("postgresql", "postgresql+psycopg", 1)
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(folder)


def _wait(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def test_session_pooling_needs_no_setting(postgres: Postgres) -> None:
    with pgbouncer(postgres, "session") as url:
        settings = Settings(database_url=url, worker_interval=0.05, pool_size=4)
        database = open_database(settings)
        prepare_database(database)
        services = bootstrap(settings, database=database)
        services.watch.listen()
        worker = Worker(services)
        worker.start()
        with make_client(create_app(services)) as client:
            newsroom = Newsroom(client, key_for(services, "admin"))
            story = newsroom.story("Through a pooler")
            shown = client.get(f"/v1/articles/{story['id']}")
            assert shown.json()["title"] == "Through a pooler"
            assert client.get("/readyz").json()["writes"]
            deadline = time.monotonic() + 60
            while b"dateline_leader 1.0" not in client.get("/metrics").content:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        with services.database.engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "5s"
        worker.stop()
        services.close()


@pytest.mark.parametrize("size", [1, 20])
def test_transaction_pooling_is_refused_with_the_remedy(postgres: Postgres, size: int) -> None:
    with pgbouncer(postgres, "transaction", size) as url:
        with (
            closing(open_database(Settings(database_url=url))) as database,
            pytest.raises(Misconfigured, match="pool_mode = session"),
        ):
            prepare_database(database)
        ended = dateline("serve", "--port", "0", database_url=url)
        assert_reported_in_a_sentence(ended)
        assert "pool_mode = session" in ended.err
