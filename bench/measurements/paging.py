"""A page far down the list, which should cost what the first one does."""

import re
from urllib.parse import urlsplit

from bench.answer import Answer
from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome, outcome_of_load
from bench.servers import Server
from bench.stage import Stage

_FIRST = "/v1/headlines?limit=20"
_LIMIT = 20
_WANTED = 1000
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')


def far_page(stage: Stage) -> Outcome:
    """Compare page 1,000, or the last one of a short archive, with page 1."""
    page = min(_WANTED, stage.plan.stories // _LIMIT)
    with stage.dateline() as dateline:
        far = _follow(dateline, page)
        compared = stage.compare(Target(dateline, (far,)), Target(dateline, (_FIRST,)))
    notes = () if page == _WANTED else (f"page {page:,}: the archive is short",)
    return outcome_of_load(compared, *notes)


def _follow(dateline: Server, page: int) -> str:
    """Go from page to page as a client does; return the path of the one wanted."""
    path = _FIRST
    for _ in range(page - 1):
        path = _next(dateline.get(path), path)
    return path


def _next(answer: Answer, path: str) -> str:
    links = [value for name, value in answer.headers if name.lower() == "link"]
    found = _NEXT.search(", ".join(links))
    if found is None:
        raise ValueError(f"{path} ({answer.status}) names no next page.")
    parts = urlsplit(found[1])
    return f"{parts.path}?{parts.query}"


MEASUREMENTS = (
    Measurement("page-1000", "page 1,000, cache off", "page 1, cache off", Goal(0.95), far_page),
)
