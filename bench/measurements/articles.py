"""One story, whole, by its slug."""

import json
from urllib.parse import quote

from bench.load import Target
from bench.measurement import Measurement, Outcome, outcome_of_load
from bench.servers import Server
from bench.stage import Stage


def latest_story(dateline: Server) -> str:
    """Return the path of the newest story."""
    headlines = json.loads(dateline.get("/v1/headlines?limit=1").body)
    return f"/v1/articles/{quote(headlines['data'][0]['slug'])}"


def against_floor(stage: Stage) -> Outcome:
    """Compare it with sending its bytes."""
    with stage.dateline() as dateline:
        path = latest_story(dateline)
        with stage.floor(dateline.get(path)) as floor:
            compared = stage.compare(Target(dateline, (path,)), Target(floor, (path,)))
    return outcome_of_load(compared)


MEASUREMENTS = (
    Measurement("article-floor", "one article, cache off", "floor", None, against_floor),
)
