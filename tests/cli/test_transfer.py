"""`dateline import` and `dateline export`: files, pipes, progress, and refusals."""

from pathlib import Path

import pytest

from app.kit import json
from tests.cli.shell import ROOT, Shell

SAMPLES = ROOT / "samples" / "stories.ndjson"
LINES = b"""\
{"type": "source", "slug": "post", "name": "The Post"}
{"type": "article", "slug": "good", "language": "en", "title": "Good", "status": "published"}
not json
{"type": "article", "slug": "bad", "language": "en", "title": "Bad", "source": "nobody"}
{"type": "article", "language": "en", "title": ""}
"""


def test_the_samples_are_imported_and_exported_unchanged(shell: Shell, tmp_path: Path) -> None:
    ended = shell.run_ok("import", str(SAMPLES))
    assert ended.text.endswith("created, 0 updated, 0 unchanged, 0 refused\n")
    assert ended.err == ""
    file = tmp_path / "out.ndjson"
    assert shell.run_ok("export", str(file)).out == b""
    assert shell.run_ok("export", "-").out == file.read_bytes()
    assert shell.run_ok("export").out == file.read_bytes()
    assert len(file.read_bytes().splitlines()) == len(SAMPLES.read_bytes().splitlines())
    again = shell.run_ok("import", str(file))
    assert again.text.startswith("0 created, 0 updated, ")


def test_a_pipe_is_read_and_refused_lines_are_named_on_stderr(shell: Shell) -> None:
    ended = shell.run("import", "-", stdin=LINES)
    assert ended.code == 1
    assert ended.text == "2 created, 0 updated, 0 unchanged, 3 refused\n"
    messages = ended.err.splitlines()
    assert [line.partition(":")[0] for line in messages] == ["line 3", "line 4", "line 5"]
    assert "not JSON" in messages[0]
    assert "#/source" in messages[1]
    assert "'nobody'" in messages[1]
    assert "#/title" in messages[2]


def test_a_dry_run_writes_nothing(shell: Shell) -> None:
    ended = shell.run("import", "-", "--dry-run", stdin=LINES)
    assert ended.text == "Would have been: 2 created, 0 updated, 0 unchanged, 3 refused\n"
    assert shell.run_ok("export").out == b""


def test_an_export_is_complete_or_not_written(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.run("import", "-", stdin=LINES)
    file = tmp_path / "out.ndjson"
    file.write_text("the last good export", encoding="utf-8")

    def full(_: object) -> bytes:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("app.cli.transfer.json.dumps", full)
        assert "No space left" in shell.run_refused("export", str(file))
    assert file.read_text(encoding="utf-8") == "the last good export"
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize("name", ["missing.ndjson", "."])
def test_an_unreadable_file_is_reported(shell: Shell, tmp_path: Path, name: str) -> None:
    assert str(tmp_path) in shell.run_refused("import", str(tmp_path / name))


@pytest.mark.parametrize("name", ["missing/out.ndjson", "."])
def test_an_unwritable_file_is_reported(shell: Shell, tmp_path: Path, name: str) -> None:
    assert str(tmp_path) in shell.run_refused("export", str(tmp_path / name))


def test_any_bytes_at_all_are_refused_line_by_line(shell: Shell) -> None:
    rubbish = [b"\xff\xfe", b"\x00", b"[" * 5_000, b'{"type": "article"' + b" " * 9_999, b"null"]
    rubbish += [b'{"type": "source", "slug": "a\\u0000b", "name": "x"}', b'"\\ud800"', b"{}"]
    rubbish += [b'{"type": ["article"]}', b'{"type": "source", "name": "\\ud800"}', b"1e999"]
    ended = shell.run("import", "-", stdin=b"\n".join(rubbish))
    assert ended.code == 1
    assert ended.text == f"0 created, 0 updated, 0 unchanged, {len(rubbish)} refused\n"
    assert len(ended.err.splitlines()) == len(rubbish)
    assert "Traceback" not in ended.err


def test_exported_lines_are_json_with_the_type_first(shell: Shell) -> None:
    shell.run_ok("import", str(SAMPLES))
    for line in shell.run_ok("export").out.splitlines():
        assert line.startswith(b'{"type":"')
        assert next(iter(json.loads(line))) == "type"
