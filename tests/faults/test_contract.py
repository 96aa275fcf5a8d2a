"""Requests of every form that the OpenAPI document allows, and of some invalid forms.

No response is a server error, and each has a documented status, content type and schema.
"""

from collections.abc import Sequence

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.api.app import create_app
from app.bootstrap import Services
from tests.api.reading import ENDLESS
from tests.newsroom import Newsroom
from tests.repetitions import repetitions

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

# Seconds for a response: a shared machine may stall for a while.
_TIMEOUT = 120.0

schemathesis.serializer.alias("application/x-ndjson", "text/plain")


@pytest.fixture
def dialect() -> str:
    """Responses do not depend on the database; other tests prove that both agree."""
    return "sqlite"


@pytest.fixture
def refs(newsroom: Newsroom) -> list[str]:
    """Ids and slugs of existing objects, so that not every response is a 404."""
    source = newsroom.source("Agency")
    category = newsroom.category("World")
    links = {"source": source["slug"], "categories": [category["slug"]], "tags": ["Tag"]}
    things = [
        newsroom.story("A story", body="<p>Words.</p>", **links),
        newsroom.article("A draft", **links),
        source,
        category,
    ]
    return [thing[name] for thing in things for name in ("id", "slug")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("who", "mode", "examples"),
    [
        ("admin", GenerationMode.POSITIVE, 2),
        pytest.param("admin", GenerationMode.NEGATIVE, 2, marks=pytest.mark.exhaustive),
        ("anonymous", GenerationMode.POSITIVE, 2),
    ],
)
def test_every_answer_is_documented(
    who: str,
    mode: GenerationMode,
    examples: int,
    refs: list[str],
    newsroom: Newsroom,
    services: Services,
) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(services))
    headers = newsroom.headers if who == "admin" else {}
    violations = []
    for read in schema.get_all_operations():
        assert isinstance(read, Ok), read
        operation = read.ok()
        if operation.path in ENDLESS:
            continue
        cases = operation.as_strategy(generation_mode=mode)
        violations += [
            f"{operation.label}: {fault}"
            for fault in _find_violations(cases, headers, refs, examples)
        ]
    assert not violations, "\n\n".join(violations)


def _use_existing_refs(case: Case, ref: str | None, version: str | None) -> None:
    """Use existing objects as refs; otherwise nearly all requests would be refused."""
    for generated in ("X-Api-Key", "Authorization"):
        case.headers.pop(generated, None)
    if ref is None:
        return
    if "ref" in (case.path_parameters or {}):
        case.path_parameters["ref"] = ref
    if version is not None and "If-Match" in case.headers:
        case.headers["If-Match"] = version
    if isinstance(case.body, dict) and "language" in case.body:
        case.body["language"] = "ar"
        for name in ("source", "categories", "translation_of", "external_id", "slug", "url"):
            case.body.pop(name, None)


def _find_violations(
    cases: st.SearchStrategy[Case], headers: dict[str, str], refs: Sequence[str], examples: int
) -> list[str]:
    """Send requests of many forms and return the violations in the responses."""

    @settings(
        max_examples=repetitions(examples),
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=cases,
        ref=st.sampled_from([None, *refs]),
        version=st.sampled_from([None, "*", '"v1"']),
    )
    def send(case: Case, ref: str | None, version: str | None) -> None:
        _use_existing_refs(case, ref, version)
        case.call_and_validate(headers=headers, checks=_CHECKS, timeout=_TIMEOUT)

    try:
        send()
    except Unsatisfiable:
        # A path without parameters has no invalid requests.
        return []
    except (AssertionError, BaseExceptionGroup) as wrong:
        return [f"{wrong!r} {wrong}"]
    return []
