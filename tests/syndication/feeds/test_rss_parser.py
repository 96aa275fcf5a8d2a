"""An independent feed parser, `rss-parser` of npm, reads the feeds."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.reading import read
from tests.newsroom import Newsroom
from tests.syndication.feeds.feed_parsers import fetch

pytestmark = [pytest.mark.system, pytest.mark.parametrize("dialect", ["sqlite"])]
FILES = Path(__file__).resolve().parents[1] / "npm"


@pytest.fixture
def reader(tmp_path: Path) -> Path:
    """A folder with the parser, installed from its lock file."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("npm and node are not here: apt-get install npm")
    folder = tmp_path / "npm"
    shutil.copytree(FILES, folder, ignore=shutil.ignore_patterns("node_modules"))
    _run(folder, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    return folder


def test_rss_parser_reads_the_same_stories(
    reader: Path, newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.category("World")
    for title in ("Bees & <kings> ]]>", "المغرب 🐝", "Plain"):
        newsroom.story(title, summary="In short.", body="<p>Hum.</p>", categories=["world"])
    stories = read(client, "/v1/articles?include=body")["data"]
    for ext in ("rss", "atom"):
        items = _read(reader, fetch(client, f"/feeds/latest.{ext}"))["items"]
        names = [item.get("guid") or item["id"] for item in items]
        assert names == [f"urn:uuid:{story['id']}" for story in stories]
        if ext == "rss":
            assert [item["title"] for item in items] == [story["title"] for story in stories]
            assert {item["content:encoded"] for item in items} == {"<p>Hum.</p>"}
            assert {tuple(item["categories"]) for item in items} == {("World",)}
        else:
            assert {item["content"] for item in items} == {"<p>Hum.</p>"}
        assert all(item["isoDate"].startswith("2026-11-22T12:00:00") for item in items)


def _read(reader: Path, feed: bytes) -> Any:
    (reader / "feed.xml").write_bytes(feed)
    return json.loads(_run(reader, "node", "read.js", "feed.xml"))


def _run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
