"""A cluster: PostgreSQL servers that replicate, and nodes of Dateline that use them.

The test chooses the machines: all processes on loopback, or each on a separate `Machine`.
"""

import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import psutil
import psycopg

from tests.faults.postgres import Postgres, start_postgres
from tests.faults.server import CUT_OFF, Client, environment, free_port
from tests.faults.test_killed import admin_key

Result = TypeVar("Result")
Reply = tuple[int, dict[str, str], Any]
_TIMEOUT = 120
_SERVE = "from app.cli import main; main()"
# Imports slow modules first, and starts when its standard input ends.
_PREPARED = f"import sys, app.main; sys.stdin.read(); {_SERVE}"
_ACCESS = "".join(
    f"{line} trust\n"
    for line in (
        "local all all",
        "local replication all",
        "host all all all",
        "host replication all all",
    )
)


class Machine:
    """A machine on which programs run: this one, by its loopback address."""

    address = "127.0.0.1"

    def run(self, function: Callable[[], Result]) -> Result:
        """Call a function there; its processes and sockets belong to this machine."""
        return function()


class DatabaseServer:
    """A PostgreSQL server, copied from another one; `follow` makes it its hot standby."""

    def __init__(self, seed: Postgres, machine: Machine) -> None:
        postmaster = seed.processes()[0]
        self._programs, self._user = Path(postmaster.exe()).parent, postmaster.username()
        self.machine, self.port = machine, free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="dateline-cluster-"))
        self._data = self._folder / "data"
        shutil.chown(self._folder, self._user)

    def copy(self, seed: Postgres) -> None:
        """Become a primary with the data of another server."""
        # Files of the PostgreSQL wheel, which the copy also reads, with any umask.
        for file in Path(seed.socket).parent.glob(".*.json"):
            file.chmod(0o644)
        self._run("pg_basebackup", "-h", Path(seed.socket).parent, *self._copying)
        self._start()

    def follow(self, primary: "DatabaseServer") -> None:
        """Become a hot standby."""
        source = ("-h", primary.machine.address, "-p", str(primary.port), "-R")
        self._run("pg_basebackup", *source, *self._copying)
        self._start()
        statement = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"
        wait_until(lambda: primary.ask(statement) == (1,))

    def wait_for_standby(self) -> None:
        """Acknowledge from now on only commits that a standby has stored, too."""
        self.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.ask("SELECT pg_reload_conf()")
        statement = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        wait_until(lambda: self.ask(statement) == (1,))

    def stop_receiving(self) -> None:
        """Receive nothing any more, as if the network between it and its primary were cut."""
        self.ask("ALTER SYSTEM SET primary_conninfo = ''")
        self.ask("SELECT pg_reload_conf()")
        wait_until(lambda: self.ask("SELECT count(*) FROM pg_stat_wal_receiver") == (0,))

    def promote(self) -> None:
        """Become a primary."""
        self._run("pg_ctl", "-D", self._data, "-w", "promote")

    def ask(self, statement: str) -> tuple[Any, ...]:
        """Run a statement through the server's socket, which needs no network."""
        where = f"host={self._folder} port={self.port} user=postgres dbname=dateline"
        with psycopg.connect(where, autocommit=True) as connection:
            # The text comes from a test.
            cursor = connection.execute(statement.encode())
            return (cursor.fetchone() or ()) if cursor.description is not None else ()

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to all its processes, the parent first."""
        postmaster = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        for process in (postmaster, *postmaster.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def close(self) -> None:
        """Stop the server, and remove its files."""
        with suppress(FileNotFoundError, psutil.NoSuchProcess):
            self.send_signal(signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _copying(self) -> tuple[str | Path, ...]:
        return ("-U", "postgres", "-D", self._data, "--checkpoint=fast", "--no-sync")

    def _start(self) -> None:
        (self._data / "pg_hba.conf").write_text(_ACCESS)
        settings = {
            "listen_addresses": "*",
            "port": self.port,
            "unix_socket_directories": self._folder,
            "fsync": "off",
        }
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        words = ("-D", self._data, "-w", "-o", options, "-l", self._folder / "log", "start")
        self._run("pg_ctl", *words)

    def _run(self, program: str, *words: str | Path) -> None:
        command = [self._programs / program, *words]
        quiet = {"stdout": subprocess.DEVNULL, "timeout": _TIMEOUT}
        self.machine.run(lambda: subprocess.run(command, check=True, user=self._user, **quiet))  # type: ignore[call-overload]


class Node:
    """`dateline serve` on a machine; `call` sends requests from the same machine."""

    def __init__(
        self,
        machine: Machine,
        database_url: str,
        folder: Path,
        code: Path | None = None,
        /,
        **settings: object,
    ) -> None:
        """Start the node, or the version in the folder `code`, which serves after `begin`."""
        self.machine, self.port = machine, free_port()
        self._log = folder / "serve.log"
        # Processes of one machine share a counter of writes; these must not.
        apart = f"{database_url}&application_name={folder.name}"
        known = environment(apart, port=self.port, search_path=folder / "search", **settings)
        program = _SERVE if code is None else _PREPARED
        command = [sys.executable, "-c", program, "serve"]
        with self._log.open("wb") as output:
            start = partial(psutil.Popen, command, env=known, stdout=output, stderr=output)
            if code is not None:
                start = partial(start, cwd=code, stdin=subprocess.PIPE)
            self.process = machine.run(start)

    def begin(self) -> None:
        """Let a prepared version serve, and wait until it does."""
        self.process.stdin.close()
        self.wait_until_ready()

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> Reply:
        """Send a request on a new connection."""

        def ask() -> Reply:
            with closing(Client(self.port, key)) as client:
                return client.call(method, path, body, **headers)

        return self.machine.run(ask)

    def status(self, path: str, key: str | None = None) -> int:
        """Return the status of a response; 0 if there is none."""
        try:
            return self.call("GET", path, key=key)[0]
        except CUT_OFF:
            return 0

    def wait_until_ready(self) -> None:
        """Wait until it serves."""
        wait_until(lambda: self.process.poll() is not None or self.status("/readyz") == 200)
        assert self.process.poll() is None, self.log

    @property
    def leads(self) -> bool:
        """Whether it does the background work."""
        return b"\ndateline_leader 1.0" in self.call("GET", "/metrics")[2]

    @property
    def log(self) -> str:
        """Return its log."""
        return self._log.read_text()

    def end(self, seconds: float) -> int:
        """Send SIGTERM, and return the exit code; fail if it takes too long."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(seconds)
        assert isinstance(code, int)
        return code

    def close(self) -> None:
        """Kill it if it runs."""
        with suppress(psutil.NoSuchProcess):
            self.process.kill()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.wait(_TIMEOUT)


class Cluster:
    """A primary, its standby, and nodes that know both addresses."""

    def __init__(self, servers: list[DatabaseServer], key: str, stack: ExitStack) -> None:
        self.primary, self.standby = servers
        self.key, self._stack = key, stack

    @property
    def url(self) -> str:
        """The address with both servers, which leads to the one that accepts writes."""
        return address_of(
            [(item.machine.address, item.port) for item in (self.primary, self.standby)]
        )

    def node(self, machine: Machine, folder: Path, **settings: object) -> Node:
        """Start a node, which is not ready yet."""
        return self.node_on(self.url, machine, folder, **settings)

    def node_on(self, url: str, machine: Machine, folder: Path, **settings: object) -> Node:
        """Start a node that knows other addresses."""
        folder.mkdir()
        node = Node(machine, url, folder, **settings)
        self._stack.callback(node.close)
        return node


def address_of(places: list[tuple[str, int]]) -> str:
    """Return the address of a database on whichever of these servers accepts writes."""
    hosts = ",".join(f"{host}:{port}" for host, port in places)
    return f"postgresql+psycopg://postgres:@{hosts}/dateline?target_session_attrs=read-write"


@contextmanager
def cluster(first: Machine, second: Machine) -> Iterator[Cluster]:
    """Run a primary on a machine and its standby on another one."""
    with ExitStack() as stack:
        with start_postgres() as seed:
            key = admin_key(seed.url)
            servers = [DatabaseServer(seed, machine) for machine in (first, second)]
            for server in servers:
                stack.callback(server.close)
            servers[0].copy(seed)
        servers[1].follow(servers[0])
        yield Cluster(servers, key, stack)


def wait_until(true: Callable[[], object], seconds: float = _TIMEOUT) -> float:
    """Wait until a condition is true, up to a time limit, and return the time taken."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds
        time.sleep(0.02)
    return time.monotonic() - began


@contextmanager
def run_in_background(work: Callable[[], object]) -> Iterator[None]:
    """Run a function in another thread during the block, and wait for its end."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()
