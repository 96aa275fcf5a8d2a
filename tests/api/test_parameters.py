"""Each declared parameter is parsed by its resource, and its default changes nothing."""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from app.api.delivery.registry import RESOURCES
from app.api.delivery.resource import Resource
from app.api.http.filters import Filter
from app.api.http.parameters import Declaration, Parameter
from tests.api.reading import fill_path
from tests.newsroom import Newsroom

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
# Parameters that a resource requires.
_NEEDED = {"/v1/suggest": [("q", "story")]}
_REFS = {"/v1/sources/{ref}": "the-post", "/feeds/sources/{slug}.{ext}": "the-post"}


@pytest.fixture
def story(newsroom: Newsroom) -> str:
    """The slug of a story, its category and its tag; the slug of its source differs."""
    newsroom.source("The Post")
    newsroom.category("World")
    newsroom.story("World", source="the-post", categories=["world"], tags=["World"])
    return "world"


def _list_declarations() -> Iterator[tuple[Resource, Declaration]]:
    for resource in RESOURCES:
        for declared in resource.parameters:
            yield resource, declared


def _address(resource: Resource, ref: str, *more: tuple[str, str]) -> str:
    ref = "en" if "languages" in resource.path else _REFS.get(resource.path, ref)
    query = [pair for pair in _NEEDED.get(resource.path, []) if pair[0] not in dict(more)]
    return f"{fill_path(resource.path, ref)}?{urlencode([*query, *more])}"


def _code_of(declared: Declaration) -> str:
    """Return the error code of an empty filter, or of another parameter sent twice as `x`."""
    if isinstance(declared, Filter):
        return "invalid"
    is_list = isinstance(declared, Parameter) and declared.is_list
    return "not_allowed" if is_list else "repeated"


def test_every_resource_parses_its_parameters(client: TestClient, story: str) -> None:
    for resource, declared in _list_declarations():
        sent = "" if isinstance(declared, Filter) else "x"
        times = 1 if isinstance(declared, Filter) else 2
        address = _address(resource, story, *[(declared.name, sent)] * times)
        response = client.get(address)
        assert response.status_code == 400, (address, response.text)
        (error,) = response.json()["errors"]
        assert error["pointer"] == f"?{declared.name}", address
        assert error["code"] == _code_of(declared), address


def test_a_closed_list_may_be_sent_as_repeated_parameters(client: TestClient, story: str) -> None:
    for name, parts in (("facets", ("tag", "source")), ("fields", ("title", "source.name"))):
        in_parts = client.get(f"/v1/search?{name}={parts[0]}&{name}={parts[1]}").json()
        assert in_parts == client.get(f"/v1/search?{name}={','.join(parts)}").json()
        assert in_parts["data"]


def test_the_canonical_query_omits_documented_defaults(client: TestClient, story: str) -> None:
    for resource, declared in _list_declarations():
        default = declared.schema.get("default")
        if default is None:
            continue
        sent = str(default).lower() if isinstance(default, bool) else str(default)
        query = urlencode({declared.name: sent}).encode()
        assert resource.parameters.canonical(query) == b"", (resource.path, declared.name)
        plain = client.get(_address(resource, story))
        assert plain.status_code == 200, plain.text
        assert client.get(_address(resource, story, (declared.name, sent))).content == (
            plain.content
        )


def test_operations_without_parameters_refuse_all(client: TestClient, newsroom: Newsroom) -> None:
    story = newsroom.story("Story")
    requests = [
        ("GET", "/v1/me"),
        ("GET", f"/v1/manage/articles/{story['id']}"),
        ("POST", f"/v1/manage/articles/{story['id']}/unpublish"),
        ("POST", "/v1/manage/sources"),
    ]
    for method, path in requests:
        headers = newsroom.headers | {"if-match": "*"}
        response = client.request(method, f"{path}?cursor=x", json={"name": "N"}, headers=headers)
        assert response.status_code == 400, (path, response.text)
        assert [error["pointer"] for error in response.json()["errors"]] == ["?cursor"], path
    assert newsroom.call("GET", "/sources").json()["data"] == []
    assert client.get(f"/v1/articles/{story['id']}").status_code == 200
