"""The README's commands do what it says they do: each is run, on a demo that serves."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.live import ROOT, Demo, demo

pytestmark = pytest.mark.slow

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = "=== end of block {number} ==="
_WRITTEN_ADDRESS = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Step:
    """A block of commands and what the README shows as their output, if it does."""

    commands: str
    output: str | None


def steps_of(text: str) -> list[Step]:
    """Return the blocks of commands, each with the output block that follows it."""
    blocks = _BLOCK.findall(text)
    steps = []
    for (language, content), following in zip(blocks, [*blocks[1:], ("sh", "")], strict=True):
        if language == "sh":
            steps.append(Step(content, None if following[0] == "sh" else following[1]))
    return steps


STEPS = steps_of((ROOT / "README.md").read_text(encoding="utf-8"))


def test_every_command_does_what_the_readme_shows(tmp_path: Path) -> None:
    for program in ("bash", "curl", "python3", "make"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not here")
    with demo(tmp_path) as live:
        outputs = _run([step.commands for step in STEPS], live)
    for step, output in zip(STEPS, outputs, strict=True):
        if step.output is not None:
            assert re.fullmatch(_pattern(step.output), output.strip()), (
                f"{step.commands}\nshould show\n{step.output}\nbut shows\n{output}"
            )


def test_no_command_is_written_where_it_is_not_run() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    fences = re.findall(r"^```(\w*)$", text, re.MULTILINE)
    assert set(fences) <= {"sh", "json", "text", ""}, "another kind of block escapes the test"
    assert fences.count("") == len(fences) - fences.count("")


def _run(blocks: list[str], live: Demo) -> list[str]:
    """Run blocks one after the other in one shell and return what each of them printed."""
    script = ["set -euo pipefail"]
    for number, block in enumerate(blocks):
        script += [_local(block, live), "echo", f"echo '{_MARK.format(number=number)}'"]
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


def _local(block: str, live: Demo) -> str:
    """Point a block at the demo that runs; of make, look only whether it knows the target."""
    block = block.replace(_WRITTEN_ADDRESS, live.address)
    block = re.sub(r"^curl ", "curl -sS ", block, flags=re.MULTILINE)
    return re.sub(r"^make ", f"make -n -C '{ROOT}' ", block, flags=re.MULTILINE)


def _pattern(shown: str) -> str:
    """Return a pattern for an output in which `…` stands for what differs each time."""
    return ".+".join(re.escape(part) for part in shown.strip().split("…"))
