"""Each speed layer can be removed, and the responses stay the same."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from bench.corpus import write_corpus
from bench.editor import Editor
from bench.importing import build_index, import_archive
from bench.measurements.layers import MEASUREMENTS
from bench.publisher import copy_database, endless_stories, make_key
from bench.recorded_answer import Answer
from bench.servers import Server, dateline
from bench.without import LAYERS, _replace
from bench.workload import HEADLINES

PATHS = (
    HEADLINES,
    f"{HEADLINES}?category=section-1&count=exact",
    "/v1/articles?include=body",
    "/feeds/latest.rss",
    "/v1/articles/no-such-story",
)
# They identify requests, times and connections.
_CHANGING = {"x-request-id", "date", "server", "connection", "keep-alive"}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A small archive, and a key that may publish."""
    folder = tmp_path_factory.mktemp("layers")
    archive_import = import_archive(write_corpus(folder / "stories.ndjson", 60), folder / "news.db")
    build_index(archive_import.database)
    return archive_import.database, make_key(archive_import.database)


@pytest.fixture(scope="module")
def whole_answers(archive: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Return the responses of Dateline with all layers."""
    with serving(archive[0], tmp_path_factory.mktemp("whole"), None) as server:
        return answers(server)


@contextmanager
def serving(database: Path, folder: Path, without: str | None) -> Iterator[Server]:
    """Serve a copy without a layer, under an address that does not depend on its port."""
    copy = folder / "news.db"
    copy_database(database, copy)
    with dateline(folder, copy, None, without, public_url="https://news.example") as server:
        yield server


def answers(server: Server) -> list[Any]:
    """Send each request twice: its response is computed first, then cached."""
    headers = {"Accept-Encoding": "gzip", "Connection": "close"}
    return [comparable(server.get(path, headers)) for path in PATHS for _ in range(2)]


def comparable(answer: Answer) -> Any:
    """Return a response without the values that differ in each request."""
    headers = [field for field in answer.headers if field[0].lower() not in _CHANGING]
    if answer.status != 200:
        return answer.status
    return answer.status, sorted(headers), answer.body


@pytest.mark.exhaustive
@pytest.mark.parametrize("layer", LAYERS)
def test_responses_are_the_same_without_a_speed_layer(
    layer: str, archive: tuple[Path, str], whole_answers: list[Any], tmp_path: Path
) -> None:
    database, key = archive
    with serving(database, tmp_path, layer) as server:
        assert answers(server) == whole_answers
        with Editor(server, key) as editor:
            created = [json.loads(editor.create(story)) for story in islice(endless_stories(), 2)]
        listed = json.loads(server.get(HEADLINES).body)["data"]
    assert {story["id"] for story in created} == {story["id"] for story in listed[:2]}


def test_every_layer_is_measured() -> None:
    assert {each.name.split("-")[1] for each in MEASUREMENTS} == set(LAYERS)


def test_replacing_an_unknown_attribute_fails() -> None:
    with pytest.raises(AttributeError):
        _replace(os, "no_such_name", None)
