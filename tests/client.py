"""The HTTP client of tests: it checks what it sends and receives against the OpenAPI document."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from tests.contract import committed_contract

ADDRESS = "http://testserver"


def make_client(app: ASGIApp, **options: Any) -> TestClient:
    """Return a client of an application that follows no redirects and checks the contract."""
    client = TestClient(app, **options)
    client.event_hooks = {"response": [_check]}
    return client


def _check(response: httpx2.Response) -> None:
    import os
    import time

    t = time.perf_counter()
    response.read()
    t = time.perf_counter()
    problems = committed_contract().find_problems(response)
    d = time.perf_counter() - t
    with open(os.environ.get("CONTRACT_LOG", "/tmp/contract/log"), "a") as f:
        f.write(f"TIME {d:.6f}\n")
        for p in problems:
            r = response.request
            f.write(
                f"{p}\t{os.environ.get('PYTEST_CURRENT_TEST')}\t{r.method} {r.url} {response.status_code}\t{dict(r.headers) if 'request' in p or 'not declared' in p else ''} {r.content[:100]!r}\n".replace(
                    "\\n", " "
                )
            )
