"""Runs `dateline` as an operator does: exit code and output."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from app.cli.main import main


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended."""

    code: int
    out: str
    err: str


def dateline(*words: str, database_url: str) -> CommandResult:
    """Run a command in this process, which saves the start of a new one."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    argv = ["dateline", *words, "--database-url", database_url]
    with patch.object(sys, "argv", argv), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return CommandResult(code, out.getvalue(), err.getvalue())


def assert_consistent(database_url: str) -> None:
    """Require that `dateline check` finds no error."""
    ended = dateline("check", database_url=database_url)
    assert ended.code == 0, ended.err


def assert_reported_in_a_sentence(ended: CommandResult) -> None:
    """Require exit code 1, a sentence, and no traceback."""
    assert ended.code == 1, ended
    assert ended.err.startswith("dateline: "), ended.err
    assert "Traceback" not in ended.err
