"""`dateline` of any checkout: its commands, and its server on the loopback."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.answers.wire import Connection, Request

_START_SECONDS = 120.0
_END_SECONDS = 20.0
_COMMAND_SECONDS = 300.0
_POLL_SECONDS = 0.1
_SERVER_ERROR = 500
_SECRET = "answers " * 8


class ServerError(Exception):
    """A command failed, or a server did not start."""


@dataclass(frozen=True, slots=True)
class Dateline:
    """The program of one checkout, with a database and a folder to work in."""

    checkout: Path
    database_url: str
    folder: Path
    port: int

    def run(self, *arguments: str) -> str:
        """Run a command to its end and return its output."""
        done = subprocess.run(  # noqa: S603
            [self._program, *arguments],
            env=self._environment({}),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
        if done.returncode:
            raise ServerError(f"dateline {arguments[0]}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    @contextmanager
    def serve(self, **settings: str) -> Iterator[Connection]:
        """Serve with these settings, and the defaults for all others."""
        log = self.folder / "server.log"
        command = [self._program, "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603
                command,
                env=self._environment(settings),
                cwd=self.folder,
                stdout=output,
                stderr=output,
            )
            connection = Connection(self.port)
            try:
                _wait_until_ready(process, connection, log)
                yield connection
            finally:
                connection.close()
                process.terminate()
                process.wait(_END_SECONDS)

    def remove_index(self) -> None:
        """Make the next server build a new index."""
        shutil.rmtree(self.folder / "index")

    @property
    def _program(self) -> str:
        return str(self.checkout / ".venv" / "bin" / "dateline")

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("DATELINE_")}
        variables = {
            "database_url": self.database_url,
            "search_path": str(self.folder / "index"),
            "secret_key": _SECRET,
            **settings,
        }
        # Sets of texts have the same order in every run.
        inherited["PYTHONHASHSEED"] = "0"
        return inherited | {f"DATELINE_{name.upper()}": value for name, value in variables.items()}


def _wait_until_ready(process: subprocess.Popen[bytes], connection: Connection, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if _is_ready(connection):
                return
        except OSError:
            connection.close()
        time.sleep(_POLL_SECONDS)
    raise ServerError(f"The server is not ready: {log.read_text(errors='replace')[-2000:]}")


def _is_ready(connection: Connection) -> bool:
    """Return whether both sides respond and the index is up to date."""
    ready = connection.send(Request("GET", "/readyz"))
    managed = connection.send(Request("GET", "/v1/manage/articles"))
    return b'"index":"follows"' in ready.body and 0 < managed.status < _SERVER_ERROR
