"""Nodes are upgraded one by one, and the schema in between, while clients read and write."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from app.kit.sql import migrations
from app.kit.sql.database import Database
from tests.databases import fresh_database
from tests.faults.balanced import Load, load
from tests.faults.cluster import Machine, Node
from tests.faults.test_killed import admin_key
from tests.faults.versions import build_next_release, build_previous_release
from tests.migrations.releases import find_previous_number

pytestmark = [pytest.mark.exhaustive, pytest.mark.postgresql]
_ENDED_WITHIN = 60.0
_BATCH = 50


def test_nodes_are_upgraded_one_by_one_under_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = build_previous_release(tmp_path / "old"), build_next_release(tmp_path / "new")
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database("postgresql", tmp_path))
        database = Database(url)
        migrations.downgrade(database, find_previous_number())
        stack.callback(database.close)

        def start(name: str, code: Path) -> Node:
            (tmp_path / name).mkdir()
            node = Node(Machine(), url, tmp_path / name, code)
            stack.callback(node.close)
            return node

        first, second = start("first-old", old), start("second-old", old)
        newer_first, newer_second = start("first-new", new), start("second-new", new)
        key = admin_key(url)
        for node in (first, second):
            node.begin()
            assert read_schema(node) == "current"
        with load([first, second], key) as clients:
            clients.wait_for_progress()
            replace(clients, second, newer_second)
            assert read_schema(newer_second) == "older"
            clients.wait_for_progress()
            # What `dateline migrate` of the new version does.
            monkeypatch.setattr(migrations, "_ROOT", new)
            migrations.upgrade(database)
            assert (read_schema(first), read_schema(newer_second)) == ("newer", "current")
            clients.wait_for_progress()
            replace(clients, first, newer_first)
            clients.wait_for_progress()
        assert clients.failures == []
        for node in (newer_first, newer_second):
            assert_stories(clients, node, key)


def replace(clients: Load, node: Node, other: Node) -> None:
    """Replace a node with another one, as an operator with a load balancer does."""
    clients.balancer.take_out(node)
    assert node.end(_ENDED_WITHIN) == 0
    other.begin()
    clients.balancer.put_in(other)


def read_schema(node: Node) -> str:
    """Require that a node is ready, and return the schema that it reports."""
    status, _, report = node.call("GET", "/readyz")
    assert status == 200, report
    schema: str = report["migrations"]
    return schema


def assert_stories(clients: Load, node: Node, key: str) -> None:
    """Require that each acknowledged story exists as it was acknowledged."""
    ids = list(clients.titles)
    for batch in (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)):
        query = f"ids={','.join(batch)}&limit={_BATCH}"
        for path in ("/v1/manage/articles", "/v1/headlines"):
            rows = node.call("GET", f"{path}?{query}", key=key)[2]["data"]
            assert {story["id"] for story in rows} == set(batch)
            if path.startswith("/v1/manage"):
                assert all(story["title"] in clients.titles[story["id"]] for story in rows)
