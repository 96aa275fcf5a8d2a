"""One story, whole, by its slug."""

import json
from pathlib import Path
from urllib.parse import quote

from bench.archive import some_slugs
from bench.load import Target
from bench.measurement import Measurement, Outcome, outcome_of_load
from bench.servers import Server
from bench.stage import Stage

_STORIES = 100


def latest_stories(dateline: Server, number: int) -> tuple[str, ...]:
    """Return the paths of the newest stories, a hundred at most."""
    headlines = json.loads(dateline.get(f"/v1/headlines?limit={number}").body)
    return tuple(_path_of(one["slug"]) for one in headlines["data"])


def some_stories(database: Path, number: int, seed: int = 0) -> tuple[str, ...]:
    """Return the paths of stories from all over a database."""
    return tuple(map(_path_of, some_slugs(database, number, seed)))


def _path_of(slug: str) -> str:
    return f"/v1/articles/{quote(slug)}"


def against_floor(stage: Stage) -> Outcome:
    """Compare many stories, no two at once the same, with the bytes of a middling one."""
    with stage.dateline() as dateline:
        paths = latest_stories(dateline, _STORIES)
        answers = sorted((dateline.get(path) for path in paths), key=lambda one: len(one.body))
        with stage.floor(answers[len(answers) // 2]) as floor:
            compared = stage.compare(Target(dateline, paths), Target(floor, paths))
    return outcome_of_load(compared)


MEASUREMENTS = (
    Measurement("article-floor", "one article, cache off", "floor", None, against_floor),
)
