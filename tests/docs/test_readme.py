"""The commands of the README and of guides are run on a demo, and print what the pages show.

All pages share one demo, in the order of `PAGES`, because it takes seconds to start.
"""

import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.docs.live import ROOT, Demo, demo

pytestmark = pytest.mark.slow

PAGES = ("README.md", "docs/selling.md", "docs/partners.md")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "=== end of block {number} ==="
_WRITTEN_ADDRESS = "http://127.0.0.1:8000"
_WRITTEN_KEY = "dl_your_key"


@dataclass(frozen=True, slots=True)
class Step:
    """A block of commands, and the output that the page shows, if any."""

    commands: str
    output: str | None


def steps_of(page: str) -> list[Step]:
    """Return the blocks of commands of a page, each with the output block that follows it."""
    blocks = _BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    steps = []
    for (language, content), following in zip(blocks, [*blocks[1:], ("sh", "")], strict=True):
        if language == "sh":
            output = following[1] if following[0] in {"json", "text"} else None
            steps.append(Step(content, output))
    return steps


@pytest.mark.timeout(240)  # Three pages, and 20 s each on shared cores.
def test_every_command_prints_what_its_page_shows(tmp_path_factory: pytest.TempPathFactory) -> None:
    for program in ("bash", "curl", "python3", "make"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not here")
    with demo(tmp_path_factory.mktemp("demo")) as live:
        for page in PAGES[:-1]:
            _check(page, live, "")
        with httpx2.Client(base_url=live.address, headers={"x-api-key": live.key}) as client:
            key = _create_partner(client)
            _check(PAGES[-1], live, key)
            _check_copy_of_a_smaller_agreement(client, live, key)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_with_commands_is_tested(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    fences = re.findall(r"^```(\w*)$", text, re.MULTILINE)
    assert set(fences) <= {"sh", "json", "text", "http", ""}, "another kind escapes the test"
    assert fences.count("") == len(fences) - fences.count("")


def _create_partner(client: httpx2.Client) -> str:
    """Create the partner of the guide for partners; return its key."""
    climate = {"name": "Climate", "filter": {"category": ["climate"]}}
    headlines = {"name": "All headlines", "filter": {}, "form": "headline", "images": False}
    for product in (climate, headlines):
        _post(client, "products", product)
    products, end = ["climate", "all-headlines"], "2099-01-01T00:00:00Z"
    _post(client, "partners", {"name": "South Wire", "products": products, "ends_at": end})
    scopes = ["read", "webhooks"]
    new_key = _post(client, "keys", {"name": "South", "scopes": scopes, "partner": "south-wire"})
    return str(new_key["key"])


def _post(client: httpx2.Client, things: str, document: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(f"/v1/manage/{things}", json=document)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


def _check_copy_of_a_smaller_agreement(client: httpx2.Client, live: Demo, key: str) -> None:
    """Run the program of the guide again after a change of rights, which invalidates its cursor."""
    patch = {"content-type": "application/merge-patch+json", "if-match": '"v1"'}
    path = "/v1/manage/partners/south-wire"
    assert client.patch(path, json={"products": ["climate"]}, headers=patch).status_code == 200
    _run([f"API={live.address} KEY={key} python3 copy.py"], live, key)
    granted = client.get("/v1/headlines?category=climate&limit=100").json()["data"]
    with closing(sqlite3.connect(live.folder / "copy.db")) as copy:
        rows = copy.execute("SELECT id FROM items WHERE type = 'article'").fetchall()
    assert {row[0] for row in rows} == {story["id"] for story in granted}


def _check(page: str, live: Demo, key: str) -> None:
    """Run the commands of a page, and compare their output with the page."""
    steps = steps_of(page)
    outputs = _run([step.commands for step in steps], live, key)
    for step, output in zip(steps, outputs, strict=True):
        if step.output is not None:
            assert re.fullmatch(_pattern(step.output), output.strip()), (
                f"{page}: {step.commands}\nshould show\n{step.output}\nbut shows\n{output}"
            )


def _run(blocks: list[str], live: Demo, key: str) -> list[str]:
    """Run blocks in sequence in one shell and return the output of each."""
    script = ["set -euo pipefail"]
    for number, block in enumerate(blocks):
        script += [_local(block, live, key), "echo", f"echo '{_MARK.format(number=number)}'"]
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=live.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    outputs, rest = [], done.stdout
    for number in range(len(blocks)):
        output, _, rest = rest.partition(_MARK.format(number=number))
        outputs.append(output)
    return outputs


def _local(block: str, live: Demo, key: str) -> str:
    """Point a block at the running demo; of `make`, only check that the target exists."""
    block = block.replace(_WRITTEN_ADDRESS, live.address).replace(_WRITTEN_KEY, key)
    block = re.sub(r"^curl ", "curl -sS ", block, flags=re.MULTILINE)
    return re.sub(r"^make ", f"make -n -C '{ROOT}' ", block, flags=re.MULTILINE)


def _pattern(shown: str) -> str:
    """Return a pattern for an output, in which `…` stands for variable text."""
    return ".+".join(re.escape(part) for part in shown.strip().split("…"))
