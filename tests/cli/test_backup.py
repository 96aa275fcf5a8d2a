"""`dateline backup`: one consistent state, taken while others write."""

import threading
from pathlib import Path

import pytest

from app.bootstrap import Services
from app.content.transfer.importing import Importer
from tests.cli.shell import Shell
from tests.cli.test_transfer import SAMPLES
from tests.transfer.moving import IMPORTER, ndjson, take

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


def test_a_backup_is_the_whole_database(shell: Shell, tmp_path: Path) -> None:
    shell.done("import", str(SAMPLES))
    copy = tmp_path / "copy.db"
    assert str(copy) in shell.done("backup", str(copy)).text
    copied = Shell(f"sqlite:///{copy}")
    assert copied.done("check").text.startswith("Sound")
    assert copied.done("export").out == shell.done("export").out
    assert list(tmp_path.glob("*.part*")) == []


def test_a_file_that_exists_is_not_overwritten(shell: Shell, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("precious", encoding="utf-8")
    assert "exists" in shell.refused("backup", str(copy))
    assert copy.read_text(encoding="utf-8") == "precious"
    assert "missing" in shell.refused("backup", str(tmp_path / "missing" / "copy.db"))


@pytest.mark.slow
def test_copies_made_while_others_write_are_sound(
    shell: Shell, services: Services, tmp_path: Path
) -> None:
    stopped = threading.Event()
    written = threading.Event()
    rounds = 0

    def write() -> None:
        nonlocal rounds
        while not stopped.is_set():
            body = f"<p>round {rounds}</p>" * 200
            lines = [
                {"type": "article", "slug": f"s-{number}", "language": "en", "title": body[:20]}
                | {"body": body, "status": "published"}
                for number in range(40)
            ]
            for _ in Importer(services.runner, IMPORTER).run(ndjson(lines)):
                written.set()
            rounds += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(30)
        for number in range(6):
            copy = tmp_path / f"copy-{number}.db"
            shell.done("backup", str(copy))
            copied = Shell(f"sqlite:///{copy}")
            assert copied.done("check").text.startswith("Sound")
            titles = {str(line["title"]) for line in copied.done("export").lines}
            assert len(titles) == 1, "a copy holds half of a transaction"
    finally:
        stopped.set()
        writer.join()
    assert rounds > 1
    assert len(take(services)) == 40
