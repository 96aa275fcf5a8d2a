"""Programs of the system: found or skipped, and started from the documented examples."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.faults.server import free_port
from tests.system.reading import fetch

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
PURGE_TOKEN = "purge-" + "x" * 32
_FOLDERS = f"{Path('/usr/sbin')}:{Path('/usr/local/sbin')}"
_TIMEOUT = 60
_MISSING_MODULE = re.compile(r"Could not find VMOD (\w+)")
_BLANK = re.compile(r"@[A-Z_]+@")


@dataclass(frozen=True, slots=True)
class SharedCache:
    """A shared cache in front of a Dateline."""

    name: str
    port: int


def require_program(program: str, packages: str) -> str:
    """Return the path of a program, or skip the test and name the package."""
    path = shutil.which(program) or shutil.which(program, path=_FOLDERS)
    if path is None:
        pytest.skip(f"{program} is not installed: apt-get install {packages}")
    return path


def require_varnish_modules(output: str) -> None:
    """Skip the test if Varnish's compiler reports a missing module; name the package."""
    missing = _MISSING_MODULE.search(output)
    if missing is not None:
        pytest.skip(
            f"Varnish's module {missing[1]} is not installed: apt-get install varnish-modules"
        )


def fill_example(example: str, **values: object) -> str:
    """Return an example of the documentation with all its placeholders filled in."""
    text = (EXAMPLES / example).read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name.upper()}@", str(value))
    assert _BLANK.findall(text) == []
    return text


@contextmanager
def varnish(
    folder: Path, dateline: int, source: str | None = None, port: int | None = None
) -> Iterator[SharedCache]:
    """Run Varnish in front of a Dateline, with the example or with other VCL."""
    program = require_program("varnishd", "varnish varnish-modules")
    port = port or free_port()
    values = {"dateline_host": "127.0.0.1", "dateline_port": dateline, "purge_token": PURGE_TOKEN}
    vcl = folder / "dateline.vcl"
    vcl.write_text(source or fill_example("varnish.vcl", **values), encoding="utf-8")
    command = [program, "-j", "none", "-n", str(folder / "varnish"), "-f", str(vcl)]
    compiled = subprocess.run([*command, "-C"], capture_output=True, text=True, check=False)
    require_varnish_modules(compiled.stderr)
    command += ["-F"]
    command += ["-a", f"127.0.0.1:{port}", "-s", "malloc,32m", "-p", "http_gzip_support=off"]
    with _running("varnish", command, folder, port):
        yield SharedCache("varnish", port)


@contextmanager
def nginx(folder: Path, dateline: int) -> Iterator[SharedCache]:
    """Run nginx in front of a Dateline, with the example."""
    program = require_program("nginx", "nginx-light")
    port = free_port()
    values: Mapping[str, object] = {
        "dateline_host": "127.0.0.1",
        "dateline_port": dateline,
        "cache_folder": folder / "kept",
        "listen": f"127.0.0.1:{port}",
        "server_name": "localhost",
    }
    (folder / "dateline.conf").write_text(fill_example("nginx.conf", **values), encoding="utf-8")
    own = folder / "nginx.conf"
    own.write_text(_AROUND.format(folder=folder), encoding="utf-8")
    command = [program, "-p", str(folder), "-e", str(folder / "errors"), "-c", str(own)]
    with _running("nginx", command, folder, port):
        yield SharedCache("nginx", port)


# The files that a distribution adds to site files; one process, run as the user of the tests.
_AROUND = """
daemon off;
master_process off;
pid {folder}/pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/dateline.conf;
}}
"""


@contextmanager
def _running(name: str, command: list[str], folder: Path, port: int) -> Iterator[None]:
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    try:
        _wait(process, port, log)
        yield
    finally:
        process.terminate()
        process.wait(_TIMEOUT)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    ends = time.monotonic() + _TIMEOUT
    while True:
        try:
            fetch(port, "/healthz")
        except (OSError, HTTPException):
            output = log.read_text(encoding="utf-8", errors="replace")
            assert process.poll() is None, output
            assert time.monotonic() < ends, output
            time.sleep(0.05)
        else:
            return
