"""The HTTP clients of tests, which check requests and responses against docs/openapi.json."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx2
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from tests.contract import load_contract

_Client = TypeVar("_Client", bound=httpx2.Client)
# The violations in each open `expect_contract_violation`, the innermost last. It is not a context
# variable, because a test may send requests in other threads.
_expected: list[list[str]] = []


class ContractViolation(AssertionError):
    """A request or a response that the OpenAPI document does not describe."""


def make_client(app: ASGIApp, **options: Any) -> TestClient:
    """Return a client of an application, which checks the contract."""
    return check_contract(TestClient(app, **options))


def check_contract(client: _Client) -> _Client:
    """Make a client check the contract of each response."""
    client.event_hooks = {"response": [_check]}
    return client


@contextmanager
def expect_contract_violation(reason: str) -> Iterator[None]:
    """Allow violations of the contract, and require at least one; also a decorator of a test.

    `reason` says what the document does not describe, and why.
    """
    violations: list[str] = []
    _expected.append(violations)
    try:
        yield
    finally:
        _expected.remove(violations)
    if not violations:
        raise AssertionError(f"All messages match the document. Expected: {reason}")


def _check(response: httpx2.Response) -> None:
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        response.read()
    problems = load_contract().find_problems(response)
    if problems and _expected:
        _expected[-1].extend(problems)
    elif problems:
        request = f"{response.request.method} {response.request.url}"
        raise ContractViolation("\n".join([request, *problems]))
