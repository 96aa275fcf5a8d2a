"""The wheel is complete: installed without the checkout, it migrates, serves and runs the demo."""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from app.api.http.problems import PROBLEMS
from tests.cli.shell import ROOT, free_port

# Packaging changes seldom, and is tried before each release.
pytestmark = pytest.mark.exhaustive


@pytest.fixture(scope="module")
def dateline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, install it in a new environment, and return its command."""
    folder = tmp_path_factory.mktemp("wheel")
    source, environment = folder / "source", folder / "environment"
    # A build leaves files.
    for name in ("app", "migrations", "samples"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(source))
    (wheel,) = folder.glob("dateline-*.whl")
    venv.create(environment, with_pip=False)
    _run(*pip, "--python", str(environment), "install", "--no-deps", "--no-index", str(wheel))
    # The libraries are those of the tests, without this checkout: Python does not search a path
    # from a
    # `.pth` file for further ones.
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return environment / "bin" / "dateline"


def test_an_installed_wheel_works(dateline: Path, tmp_path: Path) -> None:
    """One test, because each process of the tests would build and install the wheel again."""
    for check in (_check_migrations, _check_server, _check_demo):
        folder = tmp_path / check.__name__
        folder.mkdir()
        check(dateline, folder)


def _check_migrations(dateline: Path, tmp_path: Path) -> None:
    assert _run(str(dateline), "migrate", cwd=tmp_path).startswith("Migrated from nothing to ")
    assert _run(str(dateline), "check", cwd=tmp_path).startswith("Sound")
    program = "import app; print(app.__file__)"
    python = str(dateline.with_name("python"))
    assert str(dateline.parents[1]) in _run(python, "-c", program, cwd=tmp_path)


def _check_server(dateline: Path, tmp_path: Path) -> None:
    with _serve(dateline, "serve", folder=tmp_path) as address:
        assert read(f"{address}/readyz").json()["status"] == "ready"
        document = read(f"{address}/openapi.json").json()
        assert set(document["components"]["examples"]) == set(PROBLEMS)
        assert "example" in str(document["paths"]["/v1/headlines"])
        assert read(f"{address}/docs").status_code == 200


def _check_demo(dateline: Path, tmp_path: Path) -> None:
    with _serve(dateline, "demo", folder=tmp_path) as address:
        assert len(read(f"{address}/v1/headlines?limit=100").json()["data"]) >= 30


def read(url: str) -> httpx2.Response:
    """Read for the first time, which takes long on a busy machine."""
    return httpx2.get(url, timeout=60)


def _run(*words: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        words, cwd=cwd, env=_environment(), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def _serve(dateline: Path, command: str, *, folder: Path) -> Iterator[str]:
    address = f"http://127.0.0.1:{free_port()}"
    words = [str(dateline), command, "--port", address.rpartition(":")[2]]
    with subprocess.Popen(words, cwd=folder, env=_environment()) as process:
        try:
            _await(address, process)
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    assert process.returncode == 0


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 90
    while process.poll() is None and time.monotonic() < until:
        try:
            read(f"{address}/healthz")
        except httpx2.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the server does not answer")


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
