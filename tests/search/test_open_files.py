"""Files of the index are open only while their state is read."""

from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.search.engine.open_files import OpenFiles
from tests.api.reading import titles
from tests.newsroom import Newsroom
from tests.search.polling import wait_until


def test_a_truncated_or_grown_file_is_not_complete(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(b"12345")
    files = OpenFiles({str(path): 5})
    assert files.are_complete()
    for content in (b"1234", b"123456"):
        path.write_bytes(content)
        assert not files.are_complete()
    with pytest.raises(OSError, match="missing"):
        OpenFiles({str(path): 6, str(tmp_path / "missing"): 1})
    assert _count_open_files(tmp_path) == 1
    del files
    assert _count_open_files(tmp_path) == 0


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_files_of_older_states_are_closed(
    client: TestClient, newsroom: Newsroom, follow: Callable[[], None], tmp_path: Path
) -> None:
    for number in range(12):
        newsroom.story(f"Rain {number}")
        follow()
        assert len(titles(client, f"/v1/search?q=rain&limit={number + 20}")) == number + 1
    # The engine merges segments in a thread; the previous state stays open until the next search.
    numbers = count()

    def has_only_last_state() -> bool:
        titles(client, f"/v1/search?q=rain%20-x{next(numbers)}")
        files = [path for path in (tmp_path / "search").rglob("*") if path.is_file()]
        return 0 < _count_open_files(tmp_path / "search") <= len(files)

    wait_until(has_only_last_state)


def _count_open_files(folder: Path) -> int:
    """Count the files below a folder that this process has open."""
    names = []
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            names.append(str(path.readlink()))
    return sum(name.startswith(str(folder)) for name in names)
