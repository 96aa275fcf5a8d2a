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
from tests.faults.versions import next_release, release_before
from tests.migrations.releases import newest_before

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]
_ENDED_WITHIN = 60.0
_BATCH = 50


def test_nodes_are_upgraded_one_by_one_under_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = release_before(tmp_path / "old"), next_release(tmp_path / "new")
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database("postgresql", tmp_path))
        database = Database(url)
        migrations.downgrade(database, newest_before())
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
            assert schema_of(node) == "current"
        with load([first, second], key) as clients:
            clients.go_on()
            replace(clients, second, newer_second)
            assert schema_of(newer_second) == "older"
            clients.go_on()
            # What `dateline migrate` of the new version does.
            monkeypatch.setattr(migrations, "_ROOT", new)
            migrations.upgrade(database)
            assert (schema_of(first), schema_of(newer_second)) == ("newer", "current")
            clients.go_on()
            replace(clients, first, newer_first)
            clients.go_on()
        assert clients.wrong == []
        for node in (newer_first, newer_second):
            insist_on_stories(clients, node, key)


def replace(clients: Load, node: Node, other: Node) -> None:
    """Put another node in the place of one, as an operator behind a load balancer does."""
    clients.balancer.take_out(node)
    assert node.end(_ENDED_WITHIN) == 0
    other.begin()
    clients.balancer.put_in(other)


def schema_of(node: Node) -> str:
    """Return what a node that is ready says of the schema."""
    status, _, report = node.call("GET", "/readyz")
    assert status == 200, report
    schema: str = report["migrations"]
    return schema


def insist_on_stories(clients: Load, node: Node, key: str) -> None:
    """Insist that each story that was acknowledged is there as it was acknowledged."""
    ids = list(clients.titles)
    for batch in (ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)):
        asked = f"ids={','.join(batch)}&limit={_BATCH}"
        for path in ("/v1/manage/articles", "/v1/headlines"):
            found = node.call("GET", f"{path}?{asked}", key=key)[2]["data"]
            assert {story["id"] for story in found} == set(batch)
            if path.startswith("/v1/manage"):
                assert all(story["title"] in clients.titles[story["id"]] for story in found)
