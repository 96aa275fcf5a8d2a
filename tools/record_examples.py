"""Record the examples of the API reference from real requests: `make examples`.

The application runs in this process, on a separate database with the sample stories, with a clock
and ids that are the same each time. So the file changes only when responses do.
"""

import base64
import hashlib
import json
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from httpx2 import Response
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.access.commands.create_key import create_key
from app.access.commands.sign_in_person import sign_in_person
from app.access.people.identity import Identity
from app.access.scopes import Scope
from app.api.app import create_app
from app.api.http.sessions import CSRF_HEADER, SESSION_COOKIE
from app.bootstrap import Services, bootstrap, open_database, prepare_database
from app.content.transfer.importer import Importer
from app.kit.sql.unit_of_work import Actor, Runner
from app.partners.receipts import Receipts
from app.partners.sent_story import SentStory
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "app" / "api" / "openapi" / "examples.json"
PAGE = ROOT / "docs" / "answers.md"
# Pages for people, metrics, which differ each time, and formats that other standards explain.
WITHOUT_EXAMPLE = frozenset(
    "read_metrics read_openapi read_problem read_reference read_start read_feed read_search_feed "
    "read_category_feed read_source_feed read_language_feed read_tag_feed read_sitemap "
    "read_sitemap_part read_news_sitemap read_article_as follow_changes subscribe_to_feed "
    "manage_preview_partner start_sign_in complete_sign_in".split()
)
_SAMPLES = ROOT / "samples" / "stories.ndjson"
_START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
_JSON = "application/json"
_PATCH = "application/merge-patch+json"
_LINKSET = "application/linkset+json"
_NDJSON = "application/x-ndjson"
_BEES = "/v1/manage/articles/rooftop-bees-outlast-the-winter"
_FERRY = "/v1/manage/articles/the-ferry-is-late-again"

_PARTNER_KEY = {"name": "North Wire", "scopes": ["read", "webhooks"], "partner": "north-wire"}
# Values of earlier steps for the paths of later ones.
_STEP_VALUES = (
    "last_key last_preview last_webhook last_delivery last_feed_token partner_key partner_prefix "
    "own_webhook paused_webhook last_person last_session csrf_token"
).split()

Examples = dict[str, dict[str, Any]]


class TickingClock:
    """A clock that is moved by a minute before each request."""

    def __init__(self) -> None:
        """Begin on a Sunday morning."""
        self.moment = _START

    def now(self) -> datetime:
        """Return the instant of the clock."""
        return self.moment


@dataclass(frozen=True, slots=True)
class Step:
    """One request; without an operation, it only prepares later requests."""

    operation: str | None
    method: str
    path: str
    body: Any = None
    version: str | None = None
    by_partner: bool = False
    by_session: bool = False


_SOURCE = {
    "name": "Ansel Tribune",
    "url": "https://tribune.example",
    "description": "A paper for the harbour quarter of Port Ansel.",
    "language": "en",
}
_ARTICLE = {
    "title": "Rooftop bees outlast the winter",
    "language": "en",
    "summary": "All eleven hives above the old customs house came through the frost.",
    "body": "<p>When the lids came off on Tuesday, all eleven hives were humming.</p>",
    "source": "ansel-tribune",
    "categories": ["port-ansel"],
    "tags": ["bees"],
    "authors": [{"name": "Noor Haddad"}],
    "dateline": "PORT ANSEL",
    "external_id": "tribune-4711",
}
_PRODUCT = {
    "name": "Africa in French",
    "slug": "africa-fr",
    "filter": {"category": ["africa"], "language": ["fr"]},
    "form": "full",
}
_PARTNER = {
    "name": "North Wire",
    "products": ["africa-fr"],
    "contacts": [{"name": "Noor Haddad", "email": "noor@north.example"}],
    "limits": {"requests_per_minute": 600, "stories_per_day": 500},
}
_LINES = (
    '{"type": "source", "slug": "quayside-wire", "name": "Quayside Wire", "language": "en"}\n'
    '{"type": "article", "external_id": "qw-1", "source": "quayside-wire", "language": "en", '
    '"title": "The ferry is late again", "status": "published"}\n'
    '{"type": "article", "language": "en", "title": "Nobody will know this line again"}\n'
)

STEPS = (
    Step("manage_create_source", "POST", "/v1/manage/sources", _SOURCE),
    Step("manage_read_source", "GET", "/v1/manage/sources/ansel-tribune"),
    Step(
        "manage_replace_source",
        "PUT",
        "/v1/manage/sources/ansel-tribune",
        _SOURCE | {"name": "The Ansel Tribune"},
        '"v1"',
    ),
    Step(
        "manage_patch_source",
        "PATCH",
        "/v1/manage/sources/ansel-tribune",
        {"description": "The paper of Port Ansel."},
        '"v2"',
    ),
    Step("manage_list_sources", "GET", "/v1/manage/sources?limit=2"),
    Step(None, "POST", "/v1/manage/sources", {"name": "Short Lived"}),
    Step("manage_delete_source", "DELETE", "/v1/manage/sources/short-lived", None, '"v1"'),
    Step(
        "manage_create_category",
        "POST",
        "/v1/manage/categories",
        {"name": "Port Ansel", "parent": "society", "names": {"fr": "Port-Ansel"}},
    ),
    Step("manage_read_category", "GET", "/v1/manage/categories/port-ansel"),
    Step(
        "manage_replace_category",
        "PUT",
        "/v1/manage/categories/port-ansel",
        {"name": "Port Ansel", "parent": "europe", "names": {"fr": "Port-Ansel"}},
        '"v1"',
    ),
    Step(
        "manage_patch_category",
        "PATCH",
        "/v1/manage/categories/port-ansel",
        {"names": {"es": "Puerto Ansel"}},
        '"v2"',
    ),
    Step("manage_list_categories", "GET", "/v1/manage/categories?limit=2"),
    Step(None, "POST", "/v1/manage/categories", {"name": "Short Lived"}),
    Step("manage_delete_category", "DELETE", "/v1/manage/categories/short-lived", None, '"v1"'),
    Step("manage_create_article", "POST", "/v1/manage/articles", _ARTICLE),
    Step("manage_create_article", "POST", "/v1/manage/articles", _ARTICLE | {"urgency": 5}, '"v1"'),
    Step("manage_read_article", "GET", _BEES),
    Step("manage_publish_article", "POST", f"{_BEES}/publish", {"update": "major"}, '"v2"'),
    Step(
        "manage_patch_article",
        "PATCH",
        _BEES,
        {"summary": "All eleven hives came through the frost.", "status": "published"},
        '"v3"',
    ),
    Step(
        "manage_correct_article",
        "POST",
        f"{_BEES}/correct",
        {
            "note": "An earlier version said that one hive was lost. None was.",
            "changes": {"urgency": 4},
        },
        '"v4"',
    ),
    Step("list_headlines", "GET", "/v1/headlines?category=europe&language=en&limit=2"),
    Step("list_articles", "GET", "/v1/articles?tag=bees&count=exact"),
    Step("read_article", "GET", "/v1/articles/rooftop-bees-outlast-the-winter"),
    Step("list_changes", "GET", "/v1/changes?tag=bees&limit=2"),
    Step("search_stories", "GET", "/v1/search?q=bees&highlight=true&facets=category,tag&limit=2"),
    Step("suggest_completions", "GET", "/v1/suggest?q=bee"),
    Step(
        "list_related_stories",
        "GET",
        "/v1/articles/rooftop-bees-outlast-the-winter/related?limit=2",
    ),
    Step("list_sources", "GET", "/v1/sources?limit=2"),
    Step("read_source", "GET", "/v1/sources/ansel-tribune"),
    Step("list_categories", "GET", "/v1/categories?limit=2"),
    Step("read_category", "GET", "/v1/categories/port-ansel"),
    Step(
        "manage_replace_article",
        "PUT",
        _BEES,
        _ARTICLE | {"title": "All eleven hives outlast the winter"},
        '"v5"',
    ),
    Step(
        "manage_unpublish_article",
        "POST",
        f"{_BEES}/unpublish",
        {"answer": "gone", "notice": "Under review."},
        '"v6"',
    ),
    Step("manage_delete_article", "DELETE", _BEES, None, '"v7"'),
    Step("manage_restore_article", "POST", f"{_BEES}/restore", None, '"v8"'),
    Step(
        "manage_kill_article",
        "POST",
        f"{_BEES}/kill",
        {"notice": "The beekeeper never said this. We withdraw the story."},
        '"v9"',
    ),
    Step(
        "manage_restore_article",
        "POST",
        f"{_BEES}/restore",
        {"reason": "The recording has been found."},
        '"v10"',
    ),
    Step(
        "manage_schedule_article",
        "POST",
        f"{_BEES}/schedule",
        {"at": "2027-03-28T09:00", "time_zone": "Europe/Lisbon"},
        '"v11"',
    ),
    Step("manage_list_articles", "GET", "/v1/manage/articles?limit=1"),
    Step("manage_list_revisions", "GET", f"{_BEES}/revisions?limit=3"),
    Step("manage_read_revision", "GET", f"{_BEES}/revisions/1"),
    Step(
        "manage_restore_revision",
        "POST",
        f"{_BEES}/revisions/4/restore",
        {"reason": "The summary was better."},
        '"v12"',
    ),
    Step(
        "manage_create_key",
        "POST",
        "/v1/manage/keys",
        {"name": "Night desk", "scopes": ["publish"], "expires_at": "2027-11-22T00:00:00Z"},
    ),
    Step("manage_read_key", "GET", "/v1/manage/keys/{last_key}"),
    Step("manage_list_keys", "GET", "/v1/manage/keys?limit=2"),
    Step("manage_rotate_key", "POST", "/v1/manage/keys/{last_key}/rotate", {"overlap_minutes": 60}),
    Step("manage_revoke_key", "DELETE", "/v1/manage/keys/{last_key}"),
    Step(
        "manage_bulk_articles",
        "POST",
        "/v1/manage/articles/bulk",
        {
            "verb": "schedule",
            "refs": ["rooftop-bees-outlast-the-winter", "no-such-story"],
            "body": {"at": "2027-03-29T08:00:00Z"},
        },
    ),
    Step("manage_preview_article", "POST", f"{_BEES}/preview", {}),
    Step("manage_read_preview", "GET", "{last_preview}"),
    Step("manage_revoke_preview", "DELETE", "{last_preview}"),
    Step(
        "manage_create_webhook",
        "POST",
        "/v1/manage/webhooks",
        {
            "url": "https://partner.example/hook",
            "events": ["article.published", "article.killed"],
            "filter": {"language": ["en"]},
        },
    ),
    Step("manage_list_webhooks", "GET", "/v1/manage/webhooks"),
    Step("manage_read_webhook", "GET", "{last_webhook}"),
    Step("manage_patch_webhook", "PATCH", "{last_webhook}", {"filter": {"kind": ["news"]}}, "*"),
    Step("manage_test_webhook", "POST", "{last_webhook}/test"),
    Step("manage_list_deliveries", "GET", "{last_webhook}/deliveries"),
    Step("manage_read_delivery", "GET", "{last_webhook}/deliveries/{last_delivery}"),
    Step("manage_replay_webhook", "POST", "{last_webhook}/replay", {"state": "failed"}),
    Step("manage_rotate_webhook", "POST", "{last_webhook}/rotate", {"hours": 24}),
    Step("manage_pause_webhook", "POST", "{last_webhook}/pause"),
    Step("manage_resume_webhook", "POST", "{last_webhook}/resume"),
    Step("manage_delete_webhook", "DELETE", "{last_webhook}", None, "*"),
    Step("manage_create_product", "POST", "/v1/manage/products", _PRODUCT),
    Step("manage_read_product", "GET", "/v1/manage/products/africa-fr"),
    Step(
        "manage_replace_product",
        "PUT",
        "/v1/manage/products/africa-fr",
        _PRODUCT | {"archive_days": 90},
        '"v1"',
    ),
    Step(
        "manage_patch_product",
        "PATCH",
        "/v1/manage/products/africa-fr",
        {"delay_minutes": 30},
        '"v2"',
    ),
    Step(
        "manage_preview_product",
        "POST",
        "/v1/manage/products/preview",
        {"filter": {"language": ["fr"], "kind": ["explainer"]}, "saved": "africa-fr"},
    ),
    Step("manage_list_products", "GET", "/v1/manage/products?limit=2"),
    Step("manage_create_partner", "POST", "/v1/manage/partners", _PARTNER),
    Step("manage_read_partner", "GET", "/v1/manage/partners/north-wire"),
    Step(
        "manage_replace_partner",
        "PUT",
        "/v1/manage/partners/north-wire",
        _PARTNER | {"ends_at": "2027-12-01T00:00:00Z"},
        '"v1"',
    ),
    Step(
        "manage_patch_partner",
        "PATCH",
        "/v1/manage/partners/north-wire",
        {"starts_at": "2026-12-01T00:00:00Z"},
        '"v2"',
    ),
    Step("manage_list_partners", "GET", "/v1/manage/partners?limit=2"),
    Step(
        "manage_create_feed_token",
        "POST",
        "/v1/manage/partners/north-wire/feed-tokens",
        {"product": "africa-fr", "expires_at": "2027-12-01T00:00:00Z"},
    ),
    Step("manage_read_feed_token", "GET", "{last_feed_token}"),
    Step("manage_list_feed_tokens", "GET", "/v1/manage/partners/north-wire/feed-tokens?limit=2"),
    Step("manage_revoke_feed_token", "DELETE", "{last_feed_token}"),
    Step(None, "POST", "/v1/manage/keys", _PARTNER_KEY),
    Step(
        "create_own_webhook",
        "POST",
        "/v1/me/webhooks",
        {
            "url": "https://north.example/hook",
            "events": ["article.published", "article.killed"],
            "filter": {"kind": ["explainer"]},
            "document": True,
        },
        by_partner=True,
    ),
    Step("list_own_webhooks", "GET", "/v1/me/webhooks", by_partner=True),
    Step("read_own_webhook", "GET", "{own_webhook}", by_partner=True),
    Step("patch_own_webhook", "PATCH", "{own_webhook}", {"document": False}, "*", by_partner=True),
    Step("test_own_webhook", "POST", "{own_webhook}/test", by_partner=True),
    Step("rotate_own_webhook", "POST", "{own_webhook}/rotate", {"hours": 24}, by_partner=True),
    Step(None, "POST", "{paused_webhook}/pause"),
    Step("resume_own_webhook", "POST", "{own_webhook}/resume", by_partner=True),
    Step("delete_own_webhook", "DELETE", "{own_webhook}", None, "*", by_partner=True),
    Step(None, "GET", "/v1/articles?include=body&limit=3", by_partner=True),
    Step("read_me", "GET", "/v1/me", by_partner=True),
    Step("read_own_usage", "GET", "/v1/me/usage?group_by=day,route&limit=2", by_partner=True),
    Step("manage_read_usage", "GET", "/v1/manage/usage?group_by=partner,day&limit=2"),
    Step(None, "DELETE", "/v1/manage/keys/{partner_prefix}"),
    Step("manage_delete_partner", "DELETE", "/v1/manage/partners/north-wire", None, '"v3"'),
    Step("manage_delete_product", "DELETE", "/v1/manage/products/africa-fr", None, '"v3"'),
    Step("manage_list_audit", "GET", "/v1/manage/audit?type=article&limit=2"),
    Step("manage_import", "POST", "/v1/manage/import", _LINES),
    Step("manage_export", "GET", "/v1/manage/export"),
    Step("read_health", "GET", "/healthz"),
    Step("read_readiness", "GET", "/readyz"),
    Step("read_robots", "GET", "/robots.txt"),
    Step("read_catalogue", "GET", "/.well-known/api-catalog"),
    Step(None, "POST", "/v1/manage/articles", {"title": "Short lived", "language": "en"}),
    Step(None, "DELETE", "/v1/manage/articles/short-lived", None, '"v1"'),
    Step("manage_purge_article", "POST", "/v1/manage/articles/short-lived/purge", None, '"v2"'),
    Step("manage_list_recipients", "GET", f"{_FERRY}/recipients"),
    Step("manage_list_people", "GET", "/v1/manage/people"),
    Step("manage_read_person", "GET", "{last_person}"),
    Step("manage_list_sessions", "GET", "{last_person}/sessions"),
    Step("manage_end_session", "DELETE", "{last_person}/sessions/{last_session}"),
    Step("manage_delete_person", "DELETE", "{last_person}"),
    Step("exchange_key_for_session", "POST", "/auth/session"),
    Step("read_session", "GET", "/auth/session", by_session=True),
    Step("end_session", "POST", "/auth/logout", by_session=True),
)


def record(see: Callable[[str, Response], None] = lambda *_: None) -> Examples:
    """Perform every step and return requests and responses, by operation.

    `see` is called with each operation and its response.
    """
    with tempfile.TemporaryDirectory() as folder, _make_deterministic(), _client(folder) as client:
        examples: Examples = {}
        values = dict.fromkeys(_STEP_VALUES, "")
        for step in STEPS:
            status, answer = _perform(client, step, values, see)
            _note(values, step, answer)
            if step.operation is not None:
                _keep(examples.setdefault(step.operation, {"responses": {}}), step, status, answer)
        return examples


def _note(values: dict[str, str], step: Step, answer: Any) -> None:
    """Store values of a step for the paths of later ones."""
    match step.operation:
        case "manage_create_key":
            values["last_key"] = answer["prefix"]
        case "manage_create_webhook":
            values["last_webhook"] = f"/v1/manage/webhooks/{answer['id']}"
        case "manage_create_feed_token":
            values["last_feed_token"] = f"{step.path}/{answer['id']}"
        case "create_own_webhook":
            values["own_webhook"] = f"/v1/me/webhooks/{answer['id']}"
            values["paused_webhook"] = f"/v1/manage/webhooks/{answer['id']}"
        case "manage_test_webhook":
            values["last_delivery"] = answer["id"]
        case "manage_preview_article":
            values["last_preview"] = answer["url"]
    if step.body is _PARTNER_KEY:
        values["partner_key"], values["partner_prefix"] = answer["key"], answer["prefix"]
    _note_person(values, step, answer)


def _note_person(made: dict[str, str], step: Step, answer: Any) -> None:
    """Note a person and sessions."""
    match step.operation:
        case "manage_list_people":
            made["last_person"] = f"{step.path}/{answer['data'][0]['id']}"
        case "manage_list_sessions":
            made["last_session"] = answer["data"][0]["id"]
        case "exchange_key_for_session":
            made["csrf_token"] = answer["csrf_token"]


def main() -> None:
    """Write the file that the OpenAPI document takes its examples from."""
    text = json.dumps(record(), ensure_ascii=False, indent=2, sort_keys=True)
    FILE.write_text(text + "\n", encoding="utf-8")
    PAGE.write_text(page(json.loads(text)), encoding="utf-8")


def page(examples: Examples) -> str:
    """Return the page of the documentation that shows some responses completely."""
    story, changes, search, suggestions = (
        examples[name]["responses"]["200"]
        for name in ("read_article", "list_changes", "search_stories", "suggest_completions")
    )
    return _PAGE.format(
        story=_indent(story),
        change=_indent(changes["data"][0]),
        search=_indent(search),
        suggestions=_indent(suggestions),
    )


_PAGE = """# Answers

Complete answers, recorded from a server with the sample stories (`make examples`). The API
reference at `/docs` of your server explains each field, and has examples of every path.

## A story

`GET /v1/articles/rooftop-bees-outlast-the-winter`

```json
{story}
```

## A change

One entry of `data` in `GET /v1/changes`, and the `data` of an event of `GET /v1/stream`. If `type`
is `article`, the `document` is a story as above. If `op` is `remove`, the `document` is `null`.

```json
{change}
```

## A search

`GET /v1/search?q=bees&highlight=true&facets=category,tag&limit=2`

```json
{search}
```

## A suggestion

`GET /v1/suggest?q=bee`

```json
{suggestions}
```
"""


def _indent(answer: Any) -> str:
    return json.dumps(answer, ensure_ascii=False, indent=2, sort_keys=True)


def _perform(
    client: TestClient,
    step: Step,
    values: dict[str, str],
    see: Callable[[str, Response], None],
) -> tuple[int, Any]:
    clock: TickingClock = client.app_state["clock"]
    clock.moment += timedelta(minutes=1)
    if step.operation == "manage_list_recipients":
        _add_receipt(client)
    if step.operation is not None and step.operation.endswith("_usage"):
        client.app_state["usage"].write()
    if step.operation == "manage_list_people":
        _add_person(client)
    text = isinstance(step.body, str)
    content = step.body if text else None if step.body is None else json.dumps(step.body)
    headers = _build_headers(client, step, values)
    path = step.path.format(**values)
    response = client.request(step.method, path, content=content, headers=headers)
    if not response.is_success:
        raise RuntimeError(f"{step.method} {path} was refused: {response.text}")
    if step.operation is not None:
        see(step.operation, response)
    if response.headers.get("content-type", "").startswith((_JSON, _LINKSET)):
        return response.status_code, response.json()
    return response.status_code, response.text


def _build_headers(client: TestClient, step: Step, made: dict[str, str]) -> dict[str, str]:
    text = isinstance(step.body, str)
    headers = {"content-type": _NDJSON if text else _PATCH if step.method == "PATCH" else _JSON}
    if step.version is not None:
        headers["if-match"] = step.version
    if step.by_partner:
        headers["authorization"] = f"Bearer {made['partner_key']}"
    if step.by_session:
        cookies = {cookie.name: cookie.value for cookie in client.cookies.jar}
        headers |= {
            "authorization": "",
            "cookie": f"{SESSION_COOKIE}={cookies[SESSION_COOKIE]}",
            "origin": str(client.base_url),
            CSRF_HEADER: made["csrf_token"],
        }
    return headers


def _add_receipt(client: TestClient) -> None:
    story = client.get(_FERRY).json()
    receipts: Receipts = client.app_state["receipts"]
    sent = SentStory(story["id"], story["published_version"], "full")
    receipts.add("01a2027b-d758-7000-83d0-48743bc77d99", [sent], "/v1/changes")
    receipts.write(receipts.take())


def _add_person(client: TestClient) -> None:
    runner: Runner = client.app_state["runner"]
    who = Identity(
        issuer="https://login.example",
        subject="248289761001",
        name="Amina Berrada",
        scope=Scope.publish,
        sign_in_digest=bytes(32),
        return_to="/",
    )
    actor = Actor(None, who.name, "203.0.113.7")
    runner.run(actor, lambda unit: sign_in_person(unit, who, None))


def _keep(kept: dict[str, Any], step: Step, status: int, answer: Any) -> None:
    if step.body is not None:
        kept.setdefault("request", step.body)
    if answer != "":
        kept["responses"][str(status)] = _shorten(answer)


def _shorten(answer: Any) -> Any:
    """Return a stream of lines cut to its first three."""
    return "".join(answer.splitlines(keepends=True)[:3]) if isinstance(answer, str) else answer


@contextmanager
def _client(folder: str) -> Iterator[TestClient]:
    settings = Settings(
        database_url=f"sqlite:///{folder}/examples.db", secret_key=SecretStr("example " * 8)
    )
    clock = TickingClock()
    database = open_database(settings)
    prepare_database(database)
    services = bootstrap(settings, clock=clock, database=database)
    try:
        key = _fill(services)
        with TestClient(create_app(services)) as client:
            client.headers["authorization"] = f"Bearer {key}"
            client.app_state["clock"] = clock
            client.app_state["receipts"] = services.receipts
            client.app_state["usage"] = services.usage
            client.app_state["runner"] = services.runner
            yield client
    finally:
        services.close()


def _fill(services: Services) -> str:
    actor = Actor(None, "command line")
    with _SAMPLES.open("rb") as lines:
        for _ in Importer(services.runner, actor).run(lines):
            pass
    return services.runner.run(actor, lambda unit: create_key(unit, "Desk", ["admin"])).key


@contextmanager
def _make_deterministic() -> Iterator[None]:
    """Replace random ids, keys and marks by counted ones."""
    ids, keys, marks = count(1), count(1), count(1)
    milliseconds = int(_START.timestamp() * 1000)

    def uuid7() -> uuid.UUID:
        number = next(ids)
        mixed = int.from_bytes(hashlib.sha256(str(number).encode()).digest()[:8]) >> 2
        return uuid.UUID(int=milliseconds + number << 80 | 7 << 76 | 2 << 62 | mixed)

    def token(length: int) -> str:
        digest = hashlib.sha256(f"example {next(keys)}".encode()).digest()[:length]
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def secret(length: int) -> bytes:
        return hashlib.sha256(f"example {next(keys)}".encode()).digest()[:length]

    def mark(bits: int) -> int:
        return int.from_bytes(hashlib.sha256(f"mark {next(marks)}".encode()).digest()) >> 256 - bits

    with (
        patch("uuid_utils.uuid7", uuid7),
        patch("app.delivery.store.log.randbits", mark),
        patch("app.delivery.store.embargo_log.randbits", mark),
        patch("app.syndication.push.signing.secrets.token_bytes", secret),
        patch("app.access.keys.secrets.token_urlsafe", token),
    ):
        yield


if __name__ == "__main__":
    main()
