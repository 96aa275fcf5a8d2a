"""Runs `dateline` as a shell does: output, errors, and exit code."""

import io
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from app.cli.main import main
from app.kit import json

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Return what was printed."""
        return self.out.decode()

    @property
    def lines(self) -> list[dict[str, object]]:
        """Return what was printed as NDJSON."""
        return [json.loads(line) for line in self.out.splitlines()]


class Shell:
    """Runs commands in this process, which saves the second that a new one takes to start."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *words: str, stdin: bytes = b"", url: str | None = None) -> CommandResult:
        """Run a command on the database and return how it ended."""
        if words[0] not in {"openapi", "--version", "--help"}:
            words = (*words, "--database-url", url or self.url)
        return run_here(*words, stdin=stdin)

    def run_ok(self, *words: str, stdin: bytes = b"") -> CommandResult:
        """Run a command that has to succeed."""
        ended = self.run(*words, stdin=stdin)
        assert ended.code == 0, ended
        return ended

    def run_refused(self, *words: str, stdin: bytes = b"", url: str | None = None) -> str:
        """Run a command that must fail with a sentence, and return its message."""
        ended = self.run(*words, stdin=stdin, url=url)
        assert ended.code == 1, ended
        assert ended.err.startswith("dateline: "), ended
        assert "Traceback" not in ended.err
        assert ended.err.rstrip().endswith("."), ended.err
        assert ended.out == b"", ended
        return ended.err


def run_here(*words: str, stdin: bytes = b"") -> CommandResult:
    """Run the program's entry point with streams of bytes in place of the real ones."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    standard_input = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    code = 0
    with (
        patch.object(sys, "argv", ["dateline", *words]),
        patch.object(sys, "stdin", standard_input),
        patch.object(sys, "stdout", out),
        patch.object(sys, "stderr", err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    out.flush()
    err.flush()
    return CommandResult(code, _bytes(out), _bytes(err).decode())


def start(*words: str, folder: Path, **variables: str) -> subprocess.Popen[str]:
    """Start the program in a new process group, as a shell does, in a separate folder."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-c", "from app.cli import main; main()", *words],
        cwd=folder,
        env=inherited | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _bytes(stream: io.TextIOWrapper) -> bytes:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue()
