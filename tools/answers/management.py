"""Record the management API in a fixed order: lists, commands, errors, and the rest."""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

from tools.answers import corpus
from tools.answers.recorder import Recorder
from tools.answers.wire import Answer

_ARTICLES = "/v1/manage/articles"
_ANY = {"If-Match": "*"}
_VERBS = ("publish", "schedule", "unpublish", "correct", "kill", "restore", "preview")
_STATES = "draft scheduled published expired unpublished killed deleted nothing".split()
_BASE: dict[str, Any] = {"title": "A new story", "language": "en"}
_FULL: dict[str, Any] = {
    "title": "Bees & “ferries” of the winter",
    "language": "fr-ca",
    "slug": "Bees-And-Ferries",
    "summary": "Both came through.",
    "body": '<p onclick="x()">Both <b>came</b> <a href="/x">through</a><script>1</script></p>',
    "source": "harbour-courier",
    "categories": ["morocco", "climate"],
    "tags": ["Bees", "bees", "new"],
    "authors": [{"name": "Noor Haddad", "url": "https://people.example/n"}],
    "url": "https://harbour-courier.example/bees",
    "image": {"url": "https://media.example/b.jpg", "alt": "Bees", "width": 10, "height": 20},
    "kind": "analysis",
    "dateline": "PORT ANSEL",
    "urgency": 3,
    "rights": {"holder": "Us", "usage_terms": "Ask.", "licence": "CC"},
    "external_id": "new-1",
    "published_at": "2021-05-05T05:05:05+02:00",
    "expires_at": "2097-01-01T00:00:00Z",
    "translation_of": "story-5",
}
# Values that a field of an article refuses.
_WRONG: dict[str, list[Any]] = {
    "title": [None, "", 1, "x" * 2_000, "a\x00b"],
    "language": [None, "english!", 3, ""],
    "slug": ["a b!", "", "story-1", corpus.story_id(1), "x" * 201],
    "summary": [1, "x" * 20_000],
    "body": [None, 1, "a\x00b"],
    "body_format": ["pdf", None],
    "source": ["nobody", 1, ""],
    "categories": ["world", ["nothing"], [1], ["world"] * 60],
    "tags": ["a", [""], [1], ["x"] * 101],
    "authors": [["Noor"], [{"url": "https://a.example"}], [{"name": "x", "url": "ftp://a"}]],
    "url": ["nowhere", "javascript:x", "https://" + "x" * 3_000, 1],
    "image": ["x", {}, {"url": "https://a.example", "width": 0}, {"url": "x", "heigth": 1}],
    "kind": ["News", "", 1, "x" * 41],
    "dateline": [1, "x" * 1_000],
    "urgency": [0, 10, "3", 2.5],
    "rights": ["x", {"holder": 1}, {"owner": "x"}],
    "external_id": ["", 1, "x" * 501],
    "published_at": ["yesterday", 1, "2021-01-01", "2021-02-30T00:00:00Z"],
    "expires_at": ["never", "2019-01-01T00:00:00"],
    "embargo_until": ["x", 5],
    "translation_of": ["nothing", 1],
    "status": ["killed", None],
    "titel": ["x"],
    "state": ["published"],
    "version": [9],
    "id": [corpus.story_id(1)],
}
_ORDERS: dict[str, list[Any]] = {
    "publish": [{"published_at": "x"}, {"update": "tiny"}, {"now": True}, [], "x"],
    "schedule": [
        {},
        {"at": "2020-01-01T00:00:00Z"},
        {"at": "x"},
        {"at": "2098-01-01T00:00"},
        {"at": "2098-01-01T00:00", "time_zone": "Mars/Base"},
        {"at": "2027-03-28T02:30", "time_zone": "Europe/Paris"},
        {"at": "2027-10-31T02:30", "time_zone": "Europe/Paris"},
    ],
    "unpublish": [{"answer": "maybe"}, {"answer": "redirect"}, {"redirect_to": "nothing"}],
    "correct": [{}, {"note": ""}, {"note": "x", "changes": {"status": "draft"}}, {"note": 1}],
    "kill": [{}, {"notice": ""}, {"notice": "x" * 3_000}],
    "restore": [{"reason": 1}, {"why": "x"}],
    "preview": [{"as_of": "x"}, {"expires_at": "2019-01-01T00:00:00Z"}, {"x": 1}],
}


def record(recorder: Recorder) -> None:
    """Record the management API, beginning with requests that change nothing."""
    _read(recorder)
    _use_keys(recorder)
    _send_wrong_fields(recorder)
    _send_wrong_bodies(recorder)
    _send_wrong_versions(recorder)
    _change_taxonomy(recorder)
    _live(recorder)
    _send_once(recorder)
    _send_many(recorder)
    _administer(recorder)
    _transfer(recorder)
    _read_again(recorder)


def targets() -> Iterator[str]:
    """Yield the public addresses of changed objects."""
    slugs = "bees-and-ferries story-61 story-62 story-63 story-64 story-65 new-line a-new-story"
    for slug, end in product(slugs.split(), ("", ".md", ".ninjs", ".newsml")):
        yield f"/v1/articles/{slug}{end}"
    yield from ("/v1/sources/new-source", "/v1/categories/new-category", "/v1/headlines?tag=new")
    yield "/feeds/latest.rss?tag=new"


def _read(recorder: Recorder) -> None:
    queries = [
        *("", "limit=2", "count=exact&limit=1", "external_id=x-1", "external_id=nothing", "stat=x"),
        *("category=world&limit=5", "language=fr&sort=updated_at&limit=3", "sort=title", "q=x"),
        *("source=le-sillon&limit=3&sort=-updated_at", "limit=0", "cursor=abc", "fields=title"),
        *(f"state={state}&limit=5" for state in _STATES),
    ]
    for query in queries:
        recorder.get(f"{_ARTICLES}?{query}", "admin")
    _read_things(recorder)
    recorder.get("/v1/manage/export", "publish")
    recorder.get("/v1/manage/export", "admin")


def _use_keys(recorder: Recorder) -> None:
    for reader in ("", "read", "embargoed", "write", "publish", "revoked", "expired", "dl_wrong"):
        for path in (
            "articles?limit=1",
            "articles/story-1",
            "sources",
            "keys",
            "audit",
            "webhooks",
        ):
            recorder.get(f"/v1/manage/{path}", reader)
        recorder.get(f"{_ARTICLES}/{corpus.story_id(40)}", reader)
        recorder.ask("POST", _ARTICLES, reader, {})
        recorder.ask("POST", f"{_ARTICLES}/story-1/publish", reader, {})
        recorder.ask("POST", f"{_ARTICLES}/bulk", reader, {})
        recorder.ask("POST", "/v1/manage/import", reader, b"")
        recorder.ask("POST", "/v1/manage/keys", reader, {})


def _read_things(recorder: Recorder) -> None:
    for number in (0, 1, 3, 8, 13, 21, 40, 41, 42, 45, 47, 53, 54, 56, 57, 58, 0xFFFFFF):
        path = f"{_ARTICLES}/{corpus.story_id(number)}"
        for end in ("", "/revisions", "/revisions/1", "/revisions/2?diff=1", "/revisions/9"):
            recorder.get(f"{path}{end}", "admin")
    recorder.get(f"{_ARTICLES}/story-56", "admin")
    recorder.get(f"{_ARTICLES}/story-1", "admin", If_None_Match='"v1"')
    for kind in ("sources", "categories", "keys", "webhooks"):
        for end in ("", "?limit=2", "?limit=0", "?count=exact", "/nothing", "/le-sillon", "/world"):
            recorder.get(f"/v1/manage/{kind}{end}", "admin")
    for query in (
        "",
        "verb=killed",
        "type=key",
        "type=x",
        "since=x",
        "limit=3",
        "since=2000-01-01",
    ):
        recorder.get(f"/v1/manage/audit?{query}", "admin")


def _send_wrong_fields(recorder: Recorder) -> None:
    for field, values in _WRONG.items():
        for value in values:
            body = {**_BASE, field: value}
            recorder.ask("POST", _ARTICLES, "admin", body, name=f"{_ARTICLES} {field}")
            path = f"{_ARTICLES}/story-2"
            recorder.ask(
                "PATCH", path, "admin", {field: value}, headers=_ANY, name=f"{path} {field}"
            )


def _send_wrong_bodies(recorder: Recorder) -> None:
    for content in (
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b'{"title": 1, "title": 2}',
        b"[" * 2_000,
    ):
        recorder.ask("POST", _ARTICLES, "admin", content, name=f"{_ARTICLES} {content[:20]!r}")
    for kind in ("text/plain", "application/xml", "", "application/json; charset=latin-1"):
        recorder.ask("POST", _ARTICLES, "admin", b"{}", headers={"Content-Type": kind})
        headers = {"Content-Type": kind, **_ANY}
        recorder.ask("PATCH", f"{_ARTICLES}/story-2", "admin", b"{}", headers=headers)
    recorder.ask("POST", _ARTICLES, "admin", {**_BASE, "body": "x" * 9_000_000})
    for verb, bodies in _ORDERS.items():
        for body in bodies:
            path = f"{_ARTICLES}/story-2/{verb}"
            recorder.ask("POST", path, "admin", body, headers=_ANY, name=f"{path} {body!r:.60}")


def _send_wrong_versions(recorder: Recorder) -> None:
    for verb, match in product(_VERBS, (None, '"v9"', "v1", '"v1", "v9"', 'W/"v1"', "")):
        headers = {} if match is None else {"If-Match": match}
        path = f"{_ARTICLES}/story-2/{verb}"
        recorder.ask("POST", f"{path}", "write", {}, headers=headers, name=f"{path} {match}")
        if match not in ('"v1"', '"v1", "v9"') and verb != "preview":
            recorder.ask(
                "POST", path, "admin", _order(verb), headers=headers, name=f"{path} {match}"
            )
    for method, end in product(("PUT", "PATCH", "DELETE"), ("story-2", "nothing")):
        for match in (None, '"v9"', "garbage"):
            headers = {} if match is None else {"If-Match": match}
            path = f"{_ARTICLES}/{end}"
            recorder.ask(method, path, "admin", _BASE, headers=headers, name=f"{path} {match}")


def _order(verb: str) -> dict[str, Any]:
    orders: dict[str, dict[str, Any]] = {
        "schedule": {"at": "2098-01-01T00:00:00Z"},
        "correct": {"note": "A note.", "changes": {"urgency": 2}},
        "kill": {"notice": "Withdrawn."},
    }
    return orders.get(verb, {})


def _change_taxonomy(recorder: Recorder) -> None:
    for kind, slug in (("sources", "new-source"), ("categories", "new-category")):
        path = f"/v1/manage/{kind}"
        for body in (
            {},
            {"name": ""},
            {"name": 1},
            {"name": "X", "x": 1},
            {"name": "X", "slug": "!"},
        ):
            recorder.ask("POST", path, "admin", body)
        for body in ({"name": "New", "slug": slug}, {"name": "New", "slug": slug}, {"name": "New"}):
            recorder.ask("POST", path, "admin", body)
        recorder.ask("PATCH", f"{path}/{slug}", "admin", {"name": "Newer"})
        recorder.ask("PATCH", f"{path}/{slug}", "admin", {"name": "Newer"}, headers=_ANY)
        recorder.ask("PATCH", f"{path}/{slug}", "admin", {"name": 1}, headers=_ANY)
        recorder.ask(
            "PUT", f"{path}/{slug}", "admin", {"name": "Put"}, headers={"If-Match": '"v2"'}
        )
        recorder.ask("PUT", f"{path}/{slug}", "write", {"name": "Put"}, headers=_ANY)
        recorder.ask("DELETE", f"{path}/new", "admin", headers=_ANY)
        recorder.ask(
            "DELETE",
            f"{path}/{'le-sillon' if kind == 'sources' else 'world'}",
            "admin",
            headers=_ANY,
        )
    path = "/v1/manage/categories"
    for parent in ("morocco", "nothing", "world"):
        recorder.ask("PATCH", f"{path}/world", "admin", {"parent": parent}, headers=_ANY)
    recorder.ask(
        "PATCH", f"{path}/europe", "admin", {"parent": None, "slug": "europa"}, headers=_ANY
    )
    recorder.ask(
        "PATCH", "/v1/manage/sources/faro-norte", "admin", {"name": "El Faro"}, headers=_ANY
    )


def _live(recorder: Recorder) -> None:
    """Apply every verb to new and known stories."""
    new = f"{_ARTICLES}/bees-and-ferries"
    recorder.ask("POST", _ARTICLES, "write", {**_FULL, "status": "published"})
    recorder.ask("POST", _ARTICLES, "write", _FULL)
    recorder.ask("POST", _ARTICLES, "write", {**_FULL, "urgency": 5})
    recorder.ask("POST", _ARTICLES, "write", {**_FULL, "urgency": 5}, headers={"If-Match": '"v1"'})
    recorder.ask("POST", _ARTICLES, "publish", {**_BASE, "status": "published"})
    recorder.ask("POST", _ARTICLES, "publish", _BASE)
    recorder.ask("PUT", new, "write", {**_FULL, "urgency": 6}, headers={"If-Match": '"v2"'})
    recorder.ask(
        "PATCH", new, "write", {"image": None, "tags": ["new"]}, headers={"If-Match": '"v3"'}
    )
    recorder.ask("PATCH", new, "write", {"tags": ["new"]}, headers={"If-Match": '"v4"'})
    recorder.ask("PATCH", new, "write", {"status": "published"}, headers=_ANY)
    for verb, body in (
        ("publish", {}),
        ("publish", {}),
        ("correct", _order("correct")),
        ("schedule", _order("schedule")),
        ("schedule", {"at": None}),
        ("publish", {"update": "minor"}),
        ("unpublish", {"answer": "redirect", "redirect_to": "story-1"}),
        ("unpublish", {}),
        ("restore", {}),
        ("publish", {"published_at": "2021-06-06T06:06:06Z"}),
    ):
        recorder.ask("POST", f"{new}/{verb}", "publish", body, headers=_ANY)
    recorder.get(f"{new}/revisions?limit=4", "write")
    recorder.get(f"{new}/revisions/4?diff=1", "write")
    recorder.ask(
        "POST", f"{new}/revisions/1/restore", "publish", {"reason": "Better."}, headers=_ANY
    )
    for number in (61, 62, 63, 64, 65, 67, 33, 38, 43, 51):
        for verb, reader in product(("preview", "correct", "publish", "schedule"), ("publish",)):
            _use_verb(recorder, number, verb, reader)
    for number, verb in (
        (61, "kill"),
        (62, "unpublish"),
        (63, "delete"),
        (64, "kill"),
        (67, "delete"),
    ):
        _use_verb(recorder, number, verb, "publish")
        _use_verb(recorder, number, verb, "publish")
        _use_verb(recorder, number, "restore", "publish")
        recorder.ask(
            "POST",
            f"{_ARTICLES}/{_id(number)}/restore",
            "admin",
            {"reason": "Found."},
            headers=_ANY,
        )
    recorder.ask(
        "POST", f"{_ARTICLES}/{_id(64)}/kill", "publish", {"notice": "Again."}, headers=_ANY
    )
    _preview(recorder)


def _use_verb(recorder: Recorder, number: int, verb: str, reader: str) -> Answer:
    path = f"{_ARTICLES}/{_id(number)}"
    if verb == "delete":
        return recorder.ask("DELETE", path, reader, headers=_ANY)
    if verb == "preview":
        return recorder.ask(
            "POST", f"{path}/{verb}", reader, {"expires_at": "2026-01-01T00:00:00Z"}
        )
    return recorder.ask("POST", f"{path}/{verb}", reader, _order(verb), headers=_ANY)


def _id(number: int) -> str:
    return corpus.story_id(number)


def _preview(recorder: Recorder) -> None:
    for body in ({}, {"as_of": "2098-06-01T00:00:00Z"}):
        response = recorder.ask("POST", f"{_ARTICLES}/story-69/preview", "write", body)
        address = json.loads(response.body)["url"]
        path = address[address.index("/v1/") :]
        for method, reader in (
            ("GET", ""),
            ("HEAD", ""),
            ("DELETE", ""),
            ("DELETE", "write"),
            ("GET", ""),
        ):
            recorder.ask(method, path, reader, name="/v1/manage/preview/{token}")
    recorder.get("/v1/manage/preview/abc")


def _send_once(recorder: Recorder) -> None:
    once = {"Idempotency-Key": "one"}
    body = {**_BASE, "title": "Sent once", "tags": ["new"]}
    for title in ("Sent once", "Sent once", "Sent twice"):
        recorder.ask("POST", _ARTICLES, "write", {**body, "title": title}, headers=once)
    recorder.ask("POST", _ARTICLES, "publish", body, headers=once)
    recorder.ask(
        "POST",
        "/v1/manage/sources",
        "publish",
        {"name": "Once"},
        headers={"Idempotency-Key": "two"},
    )
    recorder.ask(
        "POST",
        "/v1/manage/sources",
        "publish",
        {"name": "Once"},
        headers={"Idempotency-Key": "two"},
    )
    for value in ("", "x" * 256):
        recorder.ask("POST", _ARTICLES, "write", body, headers={"Idempotency-Key": value})
    key = {"name": "Once", "scopes": ["read"]}
    for _ in range(2):
        recorder.ask("POST", "/v1/manage/keys", "admin", key, headers={"Idempotency-Key": "three"})


def _send_many(recorder: Recorder) -> None:
    body: dict[str, Any]
    refs = ["story-71", "story-72", "nothing", _id(40)]
    path = f"{_ARTICLES}/bulk"
    for verb in ("publish", "schedule", "unpublish", "correct", "kill", "delete", "restore"):
        for atomic in (True, False):
            body = {"verb": verb, "refs": refs, "body": _order(verb), "atomic": atomic}
            recorder.ask("POST", path, "publish", body, name=f"{path} {verb} {atomic}")
    for body in (
        {},
        {"verb": "x", "refs": []},
        {"verb": "publish", "refs": ["a"] * 101},
        {"verb": "kill", "refs": ["story-73"]},
    ):
        recorder.ask("POST", path, "publish", body, name=f"{path} {body!r:.40}")
    recorder.ask(
        "POST",
        path,
        "publish",
        {"verb": "publish", "refs": ["story-71", "story-72"], "atomic": True},
    )


def _administer(recorder: Recorder) -> None:
    body: Any
    for body in (
        {},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["root"]},
        {"name": "", "scopes": ["read"]},
        {"name": "x", "scopes": ["read"], "expires_at": "2019-01-01T00:00:00Z"},
    ):
        recorder.ask("POST", "/v1/manage/keys", "admin", body)
    response = recorder.ask(
        "POST", "/v1/manage/keys", "admin", {"name": "Night", "scopes": ["write"]}
    )
    key = json.loads(response.body)["prefix"]
    for method in ("GET", "DELETE", "DELETE", "GET"):
        recorder.ask(method, f"/v1/manage/keys/{key}", "admin", name="/v1/manage/keys/{prefix}")
    hook = {"url": "https://partner.example/hook", "events": ["article.killed"]}
    path = "/v1/manage/webhooks"
    for body in (
        {},
        {**hook, "url": "http://127.0.0.1/"},
        {**hook, "events": ["x"]},
        {**hook, "filter": {"tag": 1}},
        {**hook, "filter": {"category": ["nothing"]}},
        {**hook, "url": "x"},
    ):
        recorder.ask("POST", path, "admin", body)
    answer = recorder.ask("POST", path, "admin", {**hook, "filter": {"category": ["world"]}})
    webhook = f"{path}/{json.loads(answer.body)['id']}"
    for method, end, body in (
        ("POST", "/pause", None),
        ("GET", "", None),
        ("PATCH", "", {"events": ["article.published"]}),
        ("PATCH", "", {"events": []}),
        ("GET", "/deliveries", None),
        ("GET", "/deliveries?state=x", None),
        ("GET", "/deliveries/nothing", None),
        ("POST", "/rotate", {"hours": 1}),
        ("POST", "/rotate", {"hours": -1}),
        ("POST", "/replay", {"state": "failed"}),
        ("POST", "/replay", {}),
        ("DELETE", "", None),
        ("GET", "", None),
    ):
        headers = _ANY if method in ("PATCH", "DELETE") else {}
        recorder.ask(
            method, webhook + end, "admin", body, headers=headers, name=f"{path}/{{id}}{end}"
        )


def record_hub(recorder: Recorder) -> None:
    """Send subscriptions to feeds that the hub refuses."""
    for form in (
        "",
        "hub.mode=subscribe",
        "hub.mode=x&hub.topic=y&hub.callback=z",
        "hub.mode=subscribe&hub.topic=/feeds/latest.rss&hub.callback=http://127.0.0.1/",
    ):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        recorder.ask("POST", "/hub", body=form.encode(), headers=headers, name=f"/hub {form}")


def _transfer(recorder: Recorder) -> None:
    lines: list[Any] = [
        {"type": "source", "slug": "line-source", "name": "Line"},
        {"type": "category", "slug": "line-category", "name": "Line", "parent": "world"},
        {
            "type": "article",
            "slug": "new-line",
            "source": "line-source",
            **_BASE,
            "tags": ["new"],
            "status": "published",
        },
        {"type": "article", **_BASE},
        {"type": "article", "slug": "x", "title": "", "language": "en"},
        {"type": "article", "external_id": "y", "source": "nobody", **_BASE},
        {"type": "poem"},
        [],
        {"type": "article", "id": _id(1), "slug": "story-1", "title": "Changed", "language": "en"},
    ]
    content = b"".join(json.dumps(line).encode() + b"\n" for line in lines) + b"{\n\nnull\n"
    headers = {"Content-Type": "application/x-ndjson"}
    path = "/v1/manage/import"
    for query in ("?dry_run=true", "", "", "?dry_run=maybe"):
        recorder.ask("POST", path + query, "publish", content, headers=headers)
    recorder.ask("POST", path, "publish", corpus.lines(), headers=headers, name=f"{path} corpus")
    recorder.ask("POST", path, "publish", b"", headers=headers, name=f"{path} nothing")
    recorder.ask("POST", path, "publish", b"{}", headers={"Content-Type": "application/json"})
    recorder.get("/v1/manage/export", "admin")


def _read_again(recorder: Recorder) -> None:
    for kind in ("articles?limit=100", "articles?state=killed", "sources", "categories", "keys"):
        recorder.get(f"/v1/manage/{kind}", "admin")
    page: Any = {"next": None}
    for _ in range(5):
        cursor = f"&cursor={page['next']}" if page["next"] else ""
        name = "/v1/manage/audit?limit=40"
        answer = recorder.ask("GET", name + cursor, "admin", name=name)
        page = json.loads(answer.body)["page"]
    recorder.get("/v1/manage/audit?type=article&verb=killed", "admin")
    for number in (61, 62, 63, 64, 65):
        for end in ("", "/revisions", "/revisions/2", "/revisions/2?diff=1"):
            recorder.get(f"{_ARTICLES}/{_id(number)}{end}", "admin")
