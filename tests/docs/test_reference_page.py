"""The API reference renders in a real browser, and requests nothing from other origins."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.live import Demo, demo

pytestmark = pytest.mark.system
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The browser's own background requests find no host, so nothing leaves the machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--window-size=1200,1600",
    "--virtual-time-budget=20000",
    # Violations of the content security policy are in the log.
    "--enable-logging=stderr",
)


def browser() -> str:
    """Return the path of a browser; skip the test and explain the installation if there is none."""
    for name in _BROWSERS:
        path = shutil.which(name)
        if path is not None:
            return path
    pytest.skip("no browser is here; install one, on Debian with: apt-get install chromium")


def test_the_reference_renders_without_other_origins(tmp_path: Path) -> None:
    program = browser()
    with demo(tmp_path) as live:
        page, log = _page(program, live, tmp_path)
        requests = _find_requests(live.address, tmp_path / "net.json")
    assert "Dateline" in page
    assert "Content Security Policy" not in log
    assert "/v1/headlines" in page, "the operations are not there"
    assert len(re.findall(r'class="opblock ', page)) > 30
    assert "Failed to load" not in page
    assert f"{live.address}/openapi.json" in requests
    assert [item for item in requests if not item.startswith(f"{live.address}/")] == []


def _page(program: str, live: Demo, folder: Path) -> tuple[str, str]:
    """Return the rendered page with its log; write the requests to a file."""
    done = subprocess.run(
        [
            program,
            *_FLAGS,
            f"--user-data-dir={folder / 'browser'}",
            f"--log-net-log={folder / 'net.json'}",
            "--dump-dom",
            f"{live.address}/docs",
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def _find_requests(origin: str, log: Path) -> list[str]:
    """Return the address of every request that a page of an origin made, in order."""
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    requests = [event.get("params", {}) for event in events]
    return [
        request["url"]
        for request in requests
        if request.get("initiator") == origin and "url" in request
    ]
