"""Load: requests per second over 16 connections without pauses."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple, Protocol

from bench.servers import HOST, ROOT, Server

CONNECTIONS = 16
# A slow answer is not a failure.
_TIMEOUT = 20


class LoadError(Exception):
    """The server answered with errors, so its speed is meaningless."""


@dataclass(frozen=True)
class Target:
    """A server, and the paths to request in turn; with keys, each request has the next one."""

    server: Server
    paths: tuple[str, ...]
    headers: dict[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()

    @property
    def requests(self) -> list[tuple[str, str]]:
        """Return paths with the key to send, which may be empty."""
        keys = self.keys or ("",)
        count = max(len(self.paths), len(keys))
        paths = (self.paths[number % len(self.paths)] for number in range(count))
        return [(path, keys[number % len(keys)]) for number, path in enumerate(paths)]


@dataclass(frozen=True)
class Round:
    """The counters of one round."""

    answers: int
    seconds: float
    cpu_seconds: float = 0.0
    """What the server used of a processor meanwhile."""

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.answers / self.seconds

    @property
    def cpu_rate(self) -> float:
        """Requests per second of processor time, which other load on the machine disturbs less."""
        return self.answers / self.cpu_seconds


class Counted(NamedTuple):
    """All answers, and those of them that were errors."""

    answers: int
    failures: int
    seconds: float


class Generator(Protocol):
    """A load generator."""

    name: str

    def ask(self, target: Target, seconds: int) -> Round:
        """Send requests without pause for some seconds."""
        ...


def run_round(generator: Generator, target: Target, seconds: int) -> Round:
    """Run one round, and measure the server's processor time."""
    before = target.server.cpu_seconds()
    result = generator.ask(target, seconds)
    return replace(result, cpu_seconds=target.server.cpu_seconds() - before)


def choose_generator() -> Generator:
    """Return `wrk` if it is installed, else the Python generator."""
    return Wrk() if shutil.which("wrk") else PythonClient()


class Wrk:
    """The widely used load generator."""

    name = "wrk"

    def ask(self, target: Target, seconds: int) -> Round:
        """Run `wrk` once."""
        with _script(target.requests) as script:
            options = [
                "-t1",
                f"-c{CONNECTIONS}",
                f"-d{seconds}s",
                f"--timeout={_TIMEOUT}s",
                *script,
            ]
            for header in target.headers.items():
                options += ["-H", ": ".join(header)]
            address = f"http://{HOST}:{target.server.port}{target.paths[0]}"
            output = _run(["wrk", *options, address], seconds)
        return read_wrk(output)


class PythonClient:
    """The generator in `bench.client`, in a separate process."""

    name = "bench.client"

    def ask(self, target: Target, seconds: int) -> Round:
        """Run the client once."""
        counted = self.count(target, seconds)
        if counted.failures:
            raise LoadError(f"{counted.failures} answers were errors.")
        return Round(counted.answers, counted.seconds)

    def count(self, target: Target, seconds: int) -> Counted:
        """Run the client once, and count errors, too."""
        order = {
            "host": HOST,
            "port": target.server.port,
            "requests": target.requests,
            "headers": target.headers,
            "connections": CONNECTIONS,
            "seconds": seconds,
        }
        output = _run([sys.executable, "-m", "bench.client"], seconds, json.dumps(order))
        result = json.loads(output)
        return Counted(int(result["answers"]), int(result["failures"]), float(result["seconds"]))


def _run(command: list[str], seconds: int, order: str = "") -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        input=order,
        capture_output=True,
        text=True,
        timeout=seconds + 2 * _TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise LoadError(done.stderr.strip() or done.stdout.strip())
    return done.stdout


@contextmanager
def _script(requests: list[tuple[str, str]]) -> Iterator[list[str]]:
    """Write the script that makes `wrk` send several requests in turn."""
    if len(requests) == 1 and not requests[0][1]:
        yield []
        return
    with tempfile.TemporaryDirectory() as folder:
        listed, script = Path(folder) / "requests.txt", Path(folder) / "requests.lua"
        listed.write_text("\n".join(map(" ".join, requests)), encoding="ascii")
        script.write_text(_LUA % listed, encoding="utf-8")
        yield ["-s", str(script)]


_LUA = """
local requests = {}
local turn = 0

function init()
  for line in io.lines("%s") do
    local path, key = line:match("^(%%S+) (%%S*)$")
    local headers = {}
    for name, value in pairs(wrk.headers) do
      headers[name] = value
    end
    if key ~= "" then
      headers["X-Api-Key"] = key
    end
    requests[#requests + 1] = wrk.format("GET", path, headers)
  end
end

function request()
  turn = turn %% #requests + 1
  return requests[turn]
end
"""


def read_wrk(output: str) -> Round:
    """Parse the output of `wrk`; refuse a round with errors."""
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    broken = re.search(r"Socket errors: .*", output)
    if bad or broken:
        raise LoadError((bad or broken or [""])[0])
    answers = re.search(r"(\d+) requests in ", output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if answers is None or rate is None or not float(rate[1]):
        raise LoadError(f"wrk printed: {output.strip()}")
    return Round(int(answers[1]), int(answers[1]) / float(rate[1]))
