"""What the OpenAPI document says of a route in addition to its signature."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.access.audit import TYPES, VERBS
from app.access.idempotency import LONGEST_KEY
from app.api.http.paging import DEFAULT_LIMIT, MOST
from app.api.http.parameters import MOST_VALUES
from app.search.index import FACETS

READING = ("bad_parameter", "bad_cursor")
BODY = ("malformed_json", "unsupported_media_type", "body_too_large", "invalid_input")
CHANGING = ("not_found", "version_required", "version_mismatch", "conflict", "database_busy")
NAMES = ("slug_taken", "external_id_taken", "wrong_state")
ONCE = ("idempotency_running", "idempotency_mismatch")
VERB_HEADERS = ("If-Match", "Idempotency-Key")


_STRING = {"type": "string"}
_INSTANT = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]
}
_LISTS = (
    f"A comma list means *or* (at most {MOST_VALUES} values), a leading `-` excludes, repeating "
    "the parameter means *and*; `\\` escapes a comma or a leading minus."
)
_SORTS = ["-published_at", "published_at", "-updated_at", "updated_at"]

PARAMETERS: dict[str, tuple[dict[str, Any], str]] = {
    "category": (_STRING, f"Ids or slugs; takes in all categories below. {_LISTS}"),
    "source": (_STRING, f"Ids or slugs. {_LISTS}"),
    "language": (_STRING, f"BCP 47 tags; `fr` takes in `fr-CA`. {_LISTS}"),
    "tag": (_STRING, f"Compared case-folded. {_LISTS}"),
    "author": (_STRING, f"Names, compared case-folded. {_LISTS}"),
    "kind": (_STRING, f"Such as `news` or `analysis`. {_LISTS}"),
    "ids": (_STRING, f"Ids of stories. {_LISTS}"),
    "published_after": (_INSTANT, "Published at or after this instant or UTC date."),
    "published_before": (_INSTANT, "Published before this instant or UTC date."),
    "updated_after": (_INSTANT, "Updated at or after this instant or UTC date."),
    "updated_before": (_INSTANT, "Updated before this instant or UTC date."),
    "sort": (
        {"type": "string", "enum": _SORTS},
        "`-published_at`, or `-updated_at` where `updated_…` is used, unless said otherwise.",
    ),
    "fields": (_STRING, "Keep just these fields: `title,source.name`."),
    "include": ({"type": "string", "enum": ["body"]}, "`body` adds the bodies."),
    "limit": (
        {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT},
        "How many to return.",
    ),
    "cursor": (_STRING, "`next` or `prev` of a page of the same query."),
    "count": (
        {"type": "string", "enum": ["exact", "estimated", "none"], "default": "none"},
        "Fill `page.count`.",
    ),
    "one_per_story": (
        {"type": "string", "enum": ["true", "false"], "default": "false"},
        "Of each group of translations only the story that readers prefer, of those that the list "
        "has: by `prefer`, else by `language` in its order, else by `Accept-Language`.",
    ),
    "prefer": (
        _STRING,
        "BCP 47 tags in the order of preference, for `one_per_story=true`; unlike `language` it "
        "leaves no story out.",
    ),
    "names_in": (
        _STRING,
        "BCP 47 tags: give categories the name that they have in the first of these languages; "
        "their own where they have none.",
    ),
    "q": (
        _STRING,
        'What somebody typed: words, "phrases", `-not`, `OR`, `title:`. Nothing is wrong.',
    ),
    "facets": (
        _STRING,
        f"A comma list of {' '.join(FACETS)}: count the stories found by each of their values.",
    ),
    "highlight": (
        {"type": "string", "enum": ["true", "false"], "default": "false"},
        "Show where the words stand, as HTML that is safe to show.",
    ),
    "refresh": (
        {"type": "string", "enum": ["wait"]},
        "`wait` waits, two seconds at the most, until the answer can be `complete`.",
    ),
    "tree": (
        {"type": "string", "enum": ["true", "false"], "default": "false"},
        "Nest the categories, all of them at once.",
    ),
    "state": (
        _STRING,
        "A comma list of `draft scheduled published expired unpublished killed deleted`; "
        "without it, all but `deleted`.",
    ),
    "external_id": (_STRING, "The id that the source gave its story."),
    "verb": ({"type": "string", "enum": list(VERBS)}, "What was done."),
    "type": ({"type": "string", "enum": list(TYPES)}, "To what it was done."),
    "subject": (_STRING, "The id of the thing."),
    "key": (_STRING, "The id of the key that did it."),
    "since": (_INSTANT, "Done at or after this instant or UTC date."),
    "until": (_INSTANT, "Done before this instant or UTC date."),
    "diff": (
        {"type": "integer", "minimum": 1},
        "The number of another version, to compare with.",
    ),
    "dry_run": (
        {"type": "string", "enum": ["true", "false"], "default": "false"},
        "Check everything and write nothing.",
    ),
}
_HEADERS: dict[str, tuple[bool, dict[str, Any], str]] = {
    "If-Match": (True, _STRING, 'The ETag of what was read, `"v3"`; `*` accepts any version.'),
    "Idempotency-Key": (
        False,
        {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
        "Any text of up to 255 characters; repeating the request with it gives the first "
        "answer again, for 24 hours.",
    ),
}


def describe(
    *,
    query: Iterable[str] = (),
    headers: Iterable[str] = (),
    problems: Iterable[str] = (),
    sorts: Iterable[str] | None = None,
    own: Mapping[str, tuple[dict[str, Any], str]] | None = None,
) -> dict[str, Any]:
    """Return `openapi_extra` for a route; `problems` are completed by `openapi`.

    `own` are parameters that mean something else here than elsewhere.
    """
    known = PARAMETERS | dict(own or {})
    parameters = [_query(name, known[name], sorts) for name in query] + [
        _header(name) for name in headers
    ]
    extra: dict[str, Any] = {"x-problems": list(problems)}
    if parameters:
        extra["parameters"] = parameters
    return extra


def _query(
    name: str, known: tuple[dict[str, Any], str], sorts: Iterable[str] | None
) -> dict[str, Any]:
    schema, text = known
    if name == "sort" and sorts is not None:
        schema, text = {"type": "string", "enum": list(sorts)}, "The order of the list."
    parameter = {"name": name, "in": "query", "required": False, "schema": schema}
    if name in {"category", "source", "language", "tag", "author", "kind", "ids"}:
        # Repeating a parameter is part of the grammar, so it is an array in OpenAPI's terms.
        parameter |= {"schema": {"type": "array", "items": schema}, "explode": True}
    return parameter | {"description": text}


def _header(name: str) -> dict[str, Any]:
    required, schema, text = _HEADERS[name]
    return {
        "name": name,
        "in": "header",
        "required": required,
        "schema": schema,
        "description": text,
    }
