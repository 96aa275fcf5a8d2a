"""The examples of the API reference are valid, and requests still get the same responses."""

import json
from typing import Any

import jsonschema_rs
import pytest
from httpx2 import Response

from app.api.app import openapi_document
from tools.record_examples import FILE, PAGE, WITHOUT_EXAMPLE, Examples, page, record

_STALE = "Answers have changed. If they should: make examples openapi, and read the difference."


@pytest.fixture(scope="module")
def examples() -> Examples:
    """The output of `make examples`."""
    examples: Examples = json.loads(FILE.read_text(encoding="utf-8"))
    return examples


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """The OpenAPI document as other programs read it."""
    document: dict[str, Any] = json.loads(json.dumps(openapi_document()))
    return document


def operations_of(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return every operation by its id."""
    return {
        operation["operationId"]: operation
        for operations in described["paths"].values()
        for operation in operations.values()
    }


def test_the_page_of_responses_is_up_to_date(examples: Examples) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(examples), "make examples"


def test_the_stream_describes_its_events(described: dict[str, Any]) -> None:
    text = operations_of(described)["follow_changes"]["description"]
    assert all(f"`{word}`" in text for word in ("event", "data", "id", "upsert", "remove"))


def test_every_operation_has_an_example(examples: Examples, described: dict[str, Any]) -> None:
    assert examples.keys() == operations_of(described).keys() - WITHOUT_EXAMPLE


def test_every_example_matches_its_schema(examples: Examples, described: dict[str, Any]) -> None:
    operations = operations_of(described)
    for name, example in examples.items():
        operation = operations[name]
        if "request" in example:
            _check_response(
                example["request"], operation["requestBody"]["content"], described, name
            )
        for status, answer in example["responses"].items():
            contents = _select_contents(operation["responses"][status]["content"], answer)
            _check_response(answer, contents, described, name)


def test_every_example_is_in_the_document(examples: Examples, described: dict[str, Any]) -> None:
    operations = operations_of(described)
    for name, example in examples.items():
        for status, answer in example["responses"].items():
            contents = _select_contents(operations[name]["responses"][status]["content"], answer)
            assert contents, name
            assert [content["example"] for content in contents.values()] == [answer] * len(
                contents
            ), name


def test_every_request_gets_the_recorded_response(
    examples: Examples, described: dict[str, Any]
) -> None:
    answers: list[tuple[str, Response]] = []
    answered = record(lambda operation, answer: answers.append((operation, answer)))
    for operation, answer in answers:
        _check_headers(answer, operations_of(described)[operation], described)
    assert answered.keys() == examples.keys(), _STALE
    for name, example in answered.items():
        assert example == examples[name], f"{name}: {_STALE}"


def _check_headers(answer: Response, operation: dict[str, Any], described: dict[str, Any]) -> None:
    """Compare the headers of a response with the described ones."""
    headers = operation["responses"][str(answer.status_code)]["headers"]
    known = described["components"]["headers"]
    required = {name.lower() for name in headers if known[name]["required"]}
    sent = answer.headers.keys() - {"content-type", "content-length"}
    assert required <= sent, (operation["operationId"], required - sent)
    undescribed = sent - {name.lower() for name in headers}
    assert not undescribed, (operation["operationId"], undescribed)


def _select_contents(contents: dict[str, Any], answer: Any) -> dict[str, Any]:
    """Return the contents of an answer, of which an object can be in JSON only."""
    return {
        media_type: content
        for media_type, content in contents.items()
        if isinstance(answer, str) or media_type.endswith("json")
    }


def _check_response(
    value: Any, contents: dict[str, Any], described: dict[str, Any], name: str
) -> None:
    for media_type, content in contents.items():
        # Only a body of JSON or of lines; problems have their own examples.
        schema = {**content["schema"], "components": described["components"]}
        wrong = [
            f"{error.instance_path}: {error.message}"
            for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(value)
        ]
        assert not wrong, f"{name} ({media_type}): {wrong}"
