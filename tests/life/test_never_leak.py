"""Hidden stories leave no trace on any route, in any form, for any reader.

Routes and their parameters are taken from the application itself, so that a later one is tested
automatically.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.access.commands.create_key import create_key
from app.api.app import openapi_document
from app.bootstrap import Services
from app.kit.sql.unit_of_work import Actor
from app.syndication.formats import FEEDS, STORIES
from app.worker import log_due_changes
from tests.clock import HandClock
from tests.conftest import embargo_key, key_for
from tests.newsroom import Newsroom

# Nothing else in a response looks like these, and each has the same length.
HIDDEN, NOWHERE = "zanzibar", "xylotomy"
# Stories that were once public may be named as gone in the changes; this id identifies them.
ONCE = "yoghurts"
_ONCE = frozenset({"expired", "untold", "unpublished", "deleted"})
_TELLING = (".atom", ".newsml", ".ninjs")
FAR = "2026-12-01T00:00:00Z"


@dataclass(frozen=True)
class HiddenStory:
    """A hidden story, and the readers that may see it."""

    kind: str
    id: str
    slug: str


def make_fields(kind: str, word: str = HIDDEN) -> dict[str, Any]:
    """Return fields with the word in each text."""
    address, found_by = f"https://{word}.example/{kind}", ONCE if kind in _ONCE else word
    return {
        "title": f"{word} {kind}",
        "slug": f"{word}-{kind}",
        "language": f"en-x-{word}-{kind[:8]}",
        "summary": word,
        "body": f"<p>{word}</p>",
        # In a different case than any request has.
        "tags": [found_by.upper()],
        "authors": [{"name": found_by, "url": address}],
        "url": address,
        "image": {"url": address, "alt": word, "credit": word},
        "rights": {"holder": word, "usage_terms": word, "licence": word},
        "dateline": word,
        "external_id": f"{word}-{kind}",
        "kind": found_by,
    }


@pytest.fixture
def hidden_stories(newsroom: Newsroom, services: Services, clock: HandClock) -> list[HiddenStory]:
    """A story in each hidden state, and a public one."""
    public = newsroom.story("Public", slug="public")
    # Translations of public stories as well.
    tied = {"translation_of": public["id"]}
    stories = {
        "draft": newsroom.article(**make_fields("draft"), **tied),
        "scheduled": newsroom.story(**make_fields("scheduled"), **tied, published_at=FAR),
        "embargoed": newsroom.story(**make_fields("embargoed"), **tied, embargo_until=FAR),
        "expired": newsroom.story(
            **make_fields("expired"), **tied, expires_at="2026-11-22T12:30:00Z"
        ),
        "untold": newsroom.story(**make_fields("untold"), expires_at="2026-11-22T13:30:00Z"),
        "over": newsroom.story(**make_fields("over"), expires_at="2020-01-01T00:00:00Z"),
        "unpublished": newsroom.verb(newsroom.story(**make_fields("unpublished")), "unpublish"),
        "cancelled": newsroom.verb(
            newsroom.story(**make_fields("cancelled"), published_at=FAR), "schedule", at=None
        ),
        "deleted": newsroom.story(**make_fields("deleted")),
        "killed": newsroom.verb(
            newsroom.article(**make_fields("killed"), **tied), "kill", notice="A notice."
        ),
    }
    newsroom.delete(stories["deleted"])
    ahead = make_fields("ahead")
    del ahead["kind"]
    newsroom.patch(public, **ahead)
    clock.advance(hours=1)
    log_due_changes(services)
    clock.advance(hours=1)
    return [HiddenStory(kind, element["id"], element["slug"]) for kind, element in stories.items()]


@pytest.fixture
def readers(services: Services, newsroom: Newsroom) -> dict[str, dict[str, str]]:
    """Headers of every kind of reader without embargo access."""
    keys = {scope: key_for(services, scope) for scope in ("read", "write", "publish", "admin")}
    return {"anonymous": {}} | {
        name: {"authorization": f"Bearer {key}"} for name, key in keys.items()
    }


# It counts the requests of this test.
_COUNTS = "/metrics"


def operations(*, managed: bool) -> Iterator[tuple[str, list[str]]]:
    """Yield the path of every GET of an API, with the names of its parameters."""
    document = openapi_document()
    shared = document["components"]["parameters"]
    for path, methods in document["paths"].items():
        if "get" not in methods or path == _COUNTS or _is_endless(methods["get"]):
            continue
        if path.startswith("/v1/manage") is managed:
            parameters = [
                shared[parameter["$ref"].rpartition("/")[2]] if "$ref" in parameter else parameter
                for parameter in methods["get"].get("parameters", [])
            ]
            names = [parameter["name"] for parameter in parameters if parameter["in"] == "query"]
            for ext in sorted(FEEDS.keys() | STORIES.keys()) if "{ext}" in path else [""]:
                yield path.replace("{ext}", ext), names


def _is_endless(operation: dict[str, Any]) -> bool:
    """Whether a response is an endless event stream; `/v1/changes` has the same events."""
    return "text/event-stream" in operation["responses"].get("200", {}).get("content", {})


_PART = re.compile(r"\{\w+\}")


def fill_path(path: str, value: str) -> str:
    """Return a path with a value for each parameter."""
    return _PART.sub(value, path)


def list_requests(names: list[str], word: str, ids: list[str]) -> Iterator[tuple[str, str]]:
    """Yield query strings, each with the id that it contains or may show.

    First comes the empty one, then each parameter with the word, a slug and one of the ids in turn,
    and the list of ids with each of them.
    """
    yield "", ids[0]
    for place, name in enumerate(names):
        yield from ((f"?{name}={value}", ids[0]) for value in (word, f"{word}-draft"))
        some = ids if name == "ids" else [ids[place % len(ids)]]
        yield from ((f"?{name}={id_}", id_) for id_ in some)
    if "prefer" in names:
        for kind in ("draft", "schedule", "embargoe"):
            yield f"?one_per_story=true&prefer=en-x-{word}-{kind}", ids[0]


def decode_answer(answer: Response, word: str, id_: str) -> tuple[int, str, dict[str, str]]:
    """Return a response without the text of its request, and without the request's id."""
    # An ETag is a hash of the body, which is compared itself.
    aside = {"x-request-id", "etag"}
    headers = {name: value for name, value in answer.headers.items() if name not in aside}
    text = _CURSOR.sub(_decode_cursors, answer.text.replace(answer.headers["x-request-id"], ""))
    both = (text, *headers.values())
    text, *values = (_remove_ids(element, word, id_, HIDDEN, NOWHERE) for element in both)
    return answer.status_code, text, dict(zip(headers, values, strict=True))


def _remove_ids(text: str, *words: str) -> str:
    for word in words:
        text = text.replace(word, "")
    return text


_CURSOR = re.compile(r'(?<="cursor":")[\w-]+')
_SIGNATURE = 12


def _decode_cursors(match: re.Match[str]) -> str:
    """Return the contents of a cursor without its signature; they include the query."""
    token = match.group()
    content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[_SIGNATURE:]
    return content.decode()


def find_traces(answer: Response) -> str:
    """Return everything in a response that a reader can see, in lower case."""
    return f"{answer.text} {dict(answer.headers)}".lower()


@pytest.mark.slow
@pytest.mark.exhaustive_on("postgresql")
def test_no_route_shows_a_hidden_story(
    hidden_stories: list[HiddenStory], readers: dict[str, dict[str, str]], client: TestClient
) -> None:
    for path, _ in operations(managed=False):
        for headers, story in product(
            readers.values(), hidden_stories if "{" in path else hidden_stories[:1]
        ):
            answer = client.get(fill_path(path, story.id), headers=headers)
            assert HIDDEN not in find_traces(answer), (path, story.kind)
            assert ONCE not in find_traces(answer), (path, story.kind)
            if "{" not in path:
                named = [story.kind for story in hidden_stories if story.id in answer.text]
                assert set(named) <= (_ONCE if path.endswith(_TELLING) else set()), path


def test_the_changes_do_not_mention_hidden_stories(
    readers: dict[str, dict[str, str]], client: TestClient, request: pytest.FixtureRequest
) -> None:
    first_pages = {name: client.get("/v1/changes", headers=readers[name]) for name in readers}
    hidden_stories: list[HiddenStory] = request.getfixturevalue("hidden_stories")
    for name, answer in first_pages.items():
        while answer.json()["data"] or answer.json()["more"] or answer is first_pages[name]:
            path = f"/v1/changes?cursor={answer.json()['cursor']}"
            answer = client.get(path, headers=readers[name])  # noqa: PLW2901 - it is followed
            assert HIDDEN not in find_traces(answer)
            assert ONCE not in find_traces(answer)
            assert {story.kind for story in hidden_stories if story.id in answer.text} <= _ONCE


NO_ID = "0198f0a2-7c1e-7a30-8f5e-0123456789ab"


@pytest.mark.slow
@pytest.mark.exhaustive_on("postgresql")
def test_a_hidden_story_is_answered_like_an_unknown_one(
    hidden_stories: list[HiddenStory], client: TestClient
) -> None:
    # In compressed form, the query would change the length.
    client.headers["accept-encoding"] = "identity"
    for path, names in operations(managed=False):
        # This form names stories that were once public and are gone.
        some = [
            story
            for story in hidden_stories
            if not (path.endswith(_TELLING) and story.kind in _ONCE)
        ]
        pairs = [(f"{HIDDEN}-{story.kind}", f"{NOWHERE}-{story.kind}") for story in some]
        pairs += [(story.id, NO_ID) for story in some]
        for this, that in pairs if "{" in path else []:
            hidden_answer, nothing = (
                client.get(fill_path(path, this)),
                client.get(fill_path(path, that)),
            )
            assert decode_answer(hidden_answer, this, this) == decode_answer(nothing, that, that), (
                path,
                this,
            )
        if "{" in path:
            continue
        there, absent = [story.id for story in some], [NO_ID for _ in some]
        for (this, id_), (that, _) in zip(
            list_requests(names, HIDDEN, there), list_requests(names, NOWHERE, absent), strict=True
        ):
            hidden_answer, nothing = client.get(path + this), client.get(path + that)
            assert decode_answer(hidden_answer, HIDDEN, id_) == decode_answer(
                nothing, NOWHERE, NO_ID
            ), path + this


def test_a_key_without_a_scope_reads_nothing_of_the_newsroom(
    hidden_stories: list[HiddenStory],
    readers: dict[str, dict[str, str]],
    services: Services,
    client: TestClient,
    clock: HandClock,
) -> None:
    soon = clock.now().replace(year=2027)
    ended = services.runner.run(
        Actor(None, "tests"), lambda unit: create_key(unit, "ended", ["admin"], soon)
    )
    some = {name: readers[name] for name in ("anonymous", "read")}
    for path, _ in operations(managed=True):
        for name, headers in some.items():
            answer = client.get(fill_path(path, hidden_stories[0].id), headers=headers)
            assert answer.status_code in {401, 403, 404}, (path, name)
            assert HIDDEN not in find_traces(answer)
    clock.moment = soon
    for path, _ in [*operations(managed=True), *operations(managed=False)]:
        if path.startswith("/v1/"):
            answer = client.get(
                fill_path(path, hidden_stories[0].id),
                headers={"authorization": f"Bearer {ended.key}"},
            )
            assert (answer.status_code, HIDDEN in find_traces(answer)) == (401, False), path


_KNOWN = {"kind": "news", "language": "en"}


def test_only_an_admin_reads_the_text_of_a_killed_story_anywhere(
    newsroom: Newsroom, readers: dict[str, dict[str, str]], client: TestClient
) -> None:
    """The newsroom still sees its address, type, language and categories, but not its text."""
    story = newsroom.story(**{**make_fields("killed"), "slug": "an-address", **_KNOWN})
    story = newsroom.verb(story, "correct", note=f"It was {HIDDEN}.")
    newsroom.verb(story, "kill", notice="A notice.")
    for path, names in operations(managed=True):
        for name in ("write", "publish"):
            for query in ("", *(f"?{name}={HIDDEN}" for name in names)):
                path_ = path.replace("{version}", "1")
                answer = client.get(fill_path(path_, story["id"]) + query, headers=readers[name])
                visible = find_traces(answer).replace(query[1:], "").replace(f"'{HIDDEN}'", "")
                assert HIDDEN not in visible, (path, name, query)


@pytest.mark.slow
@pytest.mark.exhaustive_on("postgresql")
def test_only_embargo_access_finds_stories_under_embargo(
    hidden_stories: list[HiddenStory], services: Services, client: TestClient
) -> None:
    headers = embargo_key(services)
    others = [story for story in hidden_stories if story.kind != "embargoed"]
    (held,) = [story for story in hidden_stories if story.kind == "embargoed"]
    assert held.id in client.get("/v1/headlines", headers=headers).text
    for path, _ in operations(managed=False):
        for story in others:
            answer = client.get(fill_path(path, story.id), headers=headers)
            assert not any(f"{HIDDEN}-{other.kind}" in find_traces(answer) for other in others), (
                path
            )
