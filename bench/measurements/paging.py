"""A page far down the list, which should cost as much as the first one."""

import re
from urllib.parse import parse_qs, urlsplit

from bench.load import Target
from bench.measurement import Goal, Measurement, Outcome, build_load_outcome
from bench.recorded_answer import Answer
from bench.servers import Server
from bench.setup import BenchmarkSetup
from bench.workload import vary_queries

_LIMIT = 20
_STEP = 100
_WANTED = 1000
# Enough different pages that two connections request no page simultaneously; each takes a walk.
_FORMS = 32
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')


def far_page(stage: BenchmarkSetup) -> Outcome:
    """Compare page 1,000, or the last but one of a short archive, with page 1."""
    page = min(_WANTED, stage.plan.large // _LIMIT - _STEP)
    dateline, _ = stage.both
    first = vary_queries("")[:_FORMS]
    far = tuple(_walk(dateline, path, (page - 1) * _LIMIT) for path in first)
    compared = stage.compare(Target(dateline, far), Target(dateline, first))
    notes = () if page == _WANTED else (f"page {page:,}: the archive is short",)
    return build_load_outcome(compared, *notes)


def _walk(dateline: Server, first: str, stories: int) -> str:
    """Follow the pages in large steps like a client; return the path after this many stories."""
    path, passed = first, 0
    while passed < stories:
        step = min(_STEP, stories - passed)
        cursor = _next(dateline.get(f"{path}&limit={step}"), path)
        path, passed = f"{first}&cursor={cursor}", passed + step
    return path


def _next(answer: Answer, path: str) -> str:
    links = [value for name, value in answer.headers if name.lower() == "link"]
    match = _NEXT.search(", ".join(links))
    if match is None:
        raise ValueError(f"{path} ({answer.status}) names no next page.")
    return parse_qs(urlsplit(match[1]).query)["cursor"][0]


MEASUREMENTS = (
    Measurement("page-1000", "page 1,000, cache off", "page 1, cache off", Goal(0.95), far_page),
)
