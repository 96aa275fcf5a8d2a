"""Client generators and their users can process the OpenAPI document."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from app.api.app import openapi_document
from app.api.http.problems import FIELD_CODES, PROBLEMS
from app.api.openapi.info import LEVEL
from tools.api_changes import FRAGMENTS, PAGE, page

_Node = tuple[str, dict[str, Any]]
_PREFIX = "#/components/"
# Names that clients use themselves, or that mean nothing outside this document.
_RESERVED = set(
    "Answer Any Array Article Author By Category Change Client Code Configuration Correction Data "
    "Date Delivery Entry Error Event Exception Field File Filter Format Health Image Input Item "
    "Key Kind Language List Me Model Object Option Page Problem Ready Request Response Result "
    "Rights Scope Source Start State Status String Text Type Value View Webhook Words".split()
)
_TAGS = (
    "Stories|Search|Sync|Feeds|Access|Operations|Sources and categories"
    "|Newsroom: (articles|previews|sources|categories|transfer|keys|webhooks|audit"
    "|products|partners|usage|people)|Sign-in"
    "|Newsroom: (products|partners)|Partners: webhooks"
)
_VERBS = (
    "Apply|Change|Check|Complete|Correct|Create|Delete|End|Exchange|Export|Follow|Import|Kill|List"
    "|Pause|Publish|Purge|Read|Replace|Replay|Restore|Resume|Revoke|Rotate|Schedule|Search|Start"
    "|Subscribe|Suggest|Test|Unpublish"
)
_DOCUMENT = openapi_document()
_COMPONENTS: dict[str, dict[str, Any]] = _DOCUMENT["components"]
_OPERATIONS: dict[str, dict[str, Any]] = {
    operation["operationId"]: operation
    for by_method in _DOCUMENT["paths"].values()
    for operation in by_method.values()
}


def nodes(node: Any, path: str = "") -> Iterator[_Node]:
    """Yield every object of the document except examples, with its path."""
    if isinstance(node, list):
        for number, item in enumerate(node):
            yield from nodes(item, f"{path}/{number}")
    elif isinstance(node, dict):
        yield path, node
        for name, value in node.items():
            if name not in {"example", "examples"}:
                yield from nodes(value, f"{path}/{name}")


@cache
def all_nodes() -> list[_Node]:
    return list(nodes(_DOCUMENT))


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    """Return the component that a node refers to, or the node itself."""
    if "$ref" not in node:
        return node
    kind, name = node["$ref"].removeprefix(_PREFIX).split("/")
    component: dict[str, Any] = _COMPONENTS[kind][name]
    return component


def properties() -> Iterator[_Node]:
    for path, node in all_nodes():
        if isinstance(node.get("properties"), dict) and not path.endswith("/properties"):
            for name, member in node["properties"].items():
                yield f"{path}: {name}", member


def parameters() -> Iterator[_Node]:
    for name, operation in _OPERATIONS.items():
        for parameter in operation.get("parameters", ()):
            resolved = resolve(parameter)
            yield f"{name}: {resolved['name']}", resolved


def responses() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, operation in _OPERATIONS.items():
        for status, response in operation["responses"].items():
            yield f"{name} {status}", status, resolve(response)


def has_example(member: dict[str, Any]) -> bool:
    """Whether a member has an example, directly or through its objects."""
    inner = [member, member.get("items", {}), *member.get("oneOf", ())]
    return "examples" in member or any("$ref" in form for form in inner)


def test_every_property_has_a_description_and_an_example() -> None:
    members = list(properties())
    assert len(members) > 300
    assert [path for path, member in members if not member.get("description")] == []
    assert [path for path, member in members if not has_example(member)] == []


def test_every_parameter_has_a_description() -> None:
    assert [path for path, parameter in parameters() if not parameter.get("description")] == []


def test_there_is_one_schema_for_each_thing() -> None:
    assert [path for path, node in all_nodes() if "anyOf" in node] == []


def test_every_union_has_a_discriminator_or_is_nullable() -> None:
    null = {"type": "null"}
    unions = [(path, node) for path, node in all_nodes() if "oneOf" in node]
    plain = [
        path
        for path, node in unions
        if "discriminator" not in node and not (len(node["oneOf"]) == 2 and null in node["oneOf"])
    ]
    assert unions
    assert plain == []


def test_no_property_can_only_be_null() -> None:
    assert [path for path, member in properties() if member.get("type") == "null"] == []


def test_every_closed_list_is_a_component() -> None:
    inline = [
        path
        for path, node in all_nodes()
        if "enum" in node and not re.fullmatch(r"/components/schemas/\w+", path)
    ]
    assert inline == []
    enums = {name for name, schema in _COMPONENTS["schemas"].items() if "enum" in schema}
    assert [name for name in enums if not _COMPONENTS["schemas"][name]["description"]] == []


def test_the_codes_of_problems_are_closed_lists() -> None:
    schemas = _COMPONENTS["schemas"]
    assert schemas["ProblemCode"]["enum"] == list(PROBLEMS)
    assert schemas["FieldProblemCode"]["enum"] == list(FIELD_CODES)


def test_comma_lists_are_arrays_and_flags_are_booleans() -> None:
    for path, parameter in parameters():
        if parameter["schema"].get("type") == "array":
            assert (parameter["style"], parameter["explode"]) == ("form", False), path
    named = {parameter["name"]: parameter["schema"] for _, parameter in parameters()}
    lists = {name for name, schema in named.items() if schema.get("type") == "array"}
    flags = {name for name, schema in named.items() if schema.get("type") == "boolean"}
    assert lists >= {"category", "tag", "facets", "prefer", "names_in", "include"}
    assert flags >= {"highlight", "tree", "one_per_story", "dry_run"}


def test_every_answer_describes_its_headers() -> None:
    for path, status, response in responses():
        headers = response["headers"].keys()
        assert headers >= {"Cache-Control", "X-Request-Id", "Vary"}, path
        required = {"201": "Location", "301": "Location", "308": "Location", "304": "ETag"}
        required |= {"401": "WWW-Authenticate", "429": "Retry-After", "503": "Retry-After"}
        assert required.get(status, "Vary") in headers, path
    described = [header["description"] for header in _COMPONENTS["headers"].values()]
    assert all(described)


@pytest.mark.parametrize("name", ["list_headlines", "read_article", "search_stories", "read_feed"])
def test_public_answers_can_be_validated_again(name: str) -> None:
    operation = _OPERATIONS[name]
    assert {"ETag", "Last-Modified", "Link"} <= operation["responses"]["200"]["headers"].keys()
    assert "304" in operation["responses"]
    sent = {resolve(parameter)["name"] for parameter in operation["parameters"]}
    assert "If-None-Match" in sent


def test_only_json_is_declared_as_json() -> None:
    for path, status, response in responses():
        for media_type, content in (response.get("content") or {}).items():
            schema = content["schema"]
            if not media_type.endswith("json"):
                assert schema == {"type": "string"}, (path, media_type)
            elif status.startswith("2"):
                assert schema, (path, media_type)


def test_schema_names_do_not_collide_with_names_of_generated_clients() -> None:
    assert _RESERVED & _COMPONENTS["schemas"].keys() == set()
    folded = [name.lower() for name in _COMPONENTS["schemas"]]
    assert len(folded) == len(set(folded))


def test_every_operation_is_named_by_a_verb() -> None:
    for name, operation in _OPERATIONS.items():
        summary = operation["summary"]
        assert re.match(rf"({_VERBS}) ", summary), summary
        assert len(summary) < 60, summary
        assert operation["description"], name
    summaries = [operation["summary"] for operation in _OPERATIONS.values()]
    assert len(summaries) == len(set(summaries))
    names = {"search_stories", "list_related_stories", "subscribe_to_feed", "follow_changes"}
    assert names <= _OPERATIONS.keys()


def test_every_tag_is_described() -> None:
    tags = {tag["name"]: tag["description"] for tag in _DOCUMENT["tags"]}
    assert all(re.fullmatch(_TAGS, name) and text for name, text in tags.items())
    assert {tag for operation in _OPERATIONS.values() for tag in operation["tags"]} == set(tags)
    assert all(len(operation["tags"]) == 1 for operation in _OPERATIONS.values())


def test_patch_schemas_are_flat_and_nullable_only_where_the_api_accepts_null() -> None:
    schemas = _COMPONENTS["schemas"]
    patches = [name for name in schemas if name.endswith("Patch")]
    assert set(patches) >= {"ArticlePatch", "SourcePatch", "CategoryPatch", "WebhookPatch"}
    for name in patches:
        assert "required" not in schemas[name]
    for name, required in (("ArticlePatch", {"title", "language"}), ("ImagePatch", {"url"})):
        members = schemas[name]["properties"]
        refusing = {
            member
            for member, schema in members.items()
            if not _is_nullable(schema) and not schema.get("readOnly")
        }
        assert refusing == required


def test_all_references_resolve_and_all_components_are_used() -> None:
    references = {node["$ref"] for _, node in all_nodes() if isinstance(node.get("$ref"), str)}
    mapped = {
        target
        for _, node in all_nodes()
        for target in node.get("discriminator", {}).get("mapping", {}).values()
    }
    # Examples are referred to in places that `nodes` does not visit.
    there = {
        f"{_PREFIX}{kind}/{name}"
        for kind, components in _COMPONENTS.items()
        for name in components
        if kind not in {"examples", "securitySchemes"}
    }
    assert references | mapped == there


def test_the_document_has_contact_license_and_contract_level() -> None:
    info = _DOCUMENT["info"]
    assert info["license"] == {"name": "MIT", "identifier": "MIT"}
    assert info["contact"]["name"]
    assert _DOCUMENT["servers"][0]["url"] == "/"
    assert info["version"] == LEVEL


def test_the_contract_level_is_the_date_of_the_last_fragment() -> None:
    fragments = sorted(FRAGMENTS.glob("*.md"))
    assert fragments[-1].name[:10] == LEVEL
    names = [fragment.name for fragment in fragments]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d-[a-z0-9-]+\.md", name) for name in names), names


def test_the_page_of_api_changes_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make api-changes"


def test_members_that_are_always_present_are_required_without_fields() -> None:
    import app.api.app as api
    from app.api.openapi.document import document

    whole = document(api._create_framework(management=True), with_fields=False)
    headline = whole["components"]["schemas"]["Headline"]
    optional = headline["properties"].keys() - headline["required"]
    assert optional == {"embargoed", "embargo_until"}
    assert "required" not in _COMPONENTS["schemas"]["Headline"]
    query = whole["paths"]["/v1/headlines"]["get"]["parameters"]
    assert not any(item.get("name") == "fields" or "/fields" in str(item) for item in query)


def test_every_route_is_described() -> None:
    import app.api.app as api

    routes = iter_route_contexts(api._create_framework(management=True).routes)
    names = {route.name for route in routes if getattr(route, "include_in_schema", False)}
    assert names - {"static"} == _OPERATIONS.keys()


def _is_nullable(member: dict[str, Any]) -> bool:
    return "null" in member.get("type", ()) or {"type": "null"} in member.get("oneOf", ())
