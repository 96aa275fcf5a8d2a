"""A cluster on separate machines, which vanish without a reset of their connections."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.cluster import Cluster, Node, address_of, cluster, wait_until
from tests.faults.phases import BACK_WITHIN, ENDED_WITHIN, Readers
from tests.receiver import ReceivedRequest, Receiver, receiving
from tests.sync.stream_client import StreamClient
from tests.system.network import Host, hosts

# Some wait for a lease to end, and start several processes.
pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
_SECOND_ADDRESS = "10.77.0.101"
_STALE_SECONDS, _REPLACED_WITHIN = 6.0, 15.0


@pytest.fixture(scope="module")
def machines() -> Iterator[list[Host]]:
    """Machines of two servers and two nodes."""
    with hosts(4) as healthy_cluster:
        yield healthy_cluster


@pytest.fixture
def healthy_cluster(machines: list[Host]) -> Iterator[Cluster]:
    """A cluster on them, whose network is restored afterwards."""
    with cluster(*machines[:2]) as servers:
        yield servers
    for machine in machines:
        machine.connect()


def _nodes(
    healthy_cluster: Cluster, machines: list[Host], folder: Path, **settings: object
) -> list[Node]:
    """Run two nodes; the first one leads."""
    nodes: list[Node] = []
    for number, machine in enumerate(machines[2:]):
        nodes.append(healthy_cluster.node(machine, folder / f"node{number}", **settings))
        nodes[number].wait_until_ready()
        wait_until(lambda: nodes[0].leads)
    return nodes


def test_a_node_switches_to_another_address_when_one_vanishes(
    healthy_cluster: Cluster, machines: list[Host], tmp_path: Path
) -> None:
    host, port = machines[0], healthy_cluster.primary.port
    host.add_address(_SECOND_ADDRESS)
    vanishing = (_SECOND_ADDRESS, port)
    url = address_of([vanishing, (host.address, port)])
    moving = healthy_cluster.node_on(url, machines[2], tmp_path / "moving")
    staying = healthy_cluster.node_on(address_of([vanishing]), machines[3], tmp_path / "staying")
    for node in (moving, staying):
        node.wait_until_ready()
    readers = Readers(moving, healthy_cluster.key)
    readers.prepare()
    host.remove_address(_SECOND_ADDRESS)
    removed = time.monotonic()
    while not readers.are_served():
        assert time.monotonic() - removed < BACK_WITHIN
    assert staying.end(ENDED_WITHIN) == 0
    assert moving.end(ENDED_WITHIN) == 0


@pytest.mark.parametrize("loses", [False, True], ids=["synchronous", "asynchronous"])
def test_each_kind_of_reader_gets_its_response_when_a_primary_vanishes(
    loses: bool, healthy_cluster: Cluster, machines: list[Host], tmp_path: Path
) -> None:
    node, ending = _nodes(healthy_cluster, machines, tmp_path, stale_seconds=_STALE_SECONDS)
    if loses:
        healthy_cluster.standby.stop_receiving()
    else:
        healthy_cluster.primary.wait_for_standby()
    published = [_publish(ending, healthy_cluster.key, f"Story {number}") for number in range(20)]
    readers = Readers(node, healthy_cluster.key)
    readers.prepare()
    listener = node.machine.run(lambda: StreamClient(node.port).wait_for_start())
    machines[0].disconnect()
    vanished = time.monotonic()
    wait_until(lambda: readers.ready()[1] == "away", 5)
    readers.require_away()
    assert time.monotonic() - vanished < _STALE_SECONDS, "the machine is too slow for this test"
    assert listener.has_ended()
    listener.close()
    assert ending.end(ENDED_WITHIN) == 0
    wait_until(lambda: time.monotonic() - vanished > _STALE_SECONDS + 1)
    readers.require_refusals()
    healthy_cluster.standby.promote()
    promoted = time.monotonic()
    wait_until(lambda: node.status("/v1/headlines", healthy_cluster.key) == 200, BACK_WITHIN)
    status, _, answer = node.call("GET", f"/v1/changes?cursor={readers.cursor}")
    assert time.monotonic() - promoted < BACK_WITHIN
    if loses:
        assert (status, answer["code"]) == (410, "cursor_too_old")
        assert node.call("GET", "/v1/headlines")[2]["data"] == []
    else:
        assert readers.are_served()
        _require_all(node, healthy_cluster.key, published)
    assert node.end(ENDED_WITHIN) == 0


def _require_all(node: Node, key: str, published: list[dict[str, Any]]) -> None:
    shown = [item["id"] for item in node.call("GET", "/v1/headlines?limit=100")[2]["data"]]
    assert shown == [story["id"] for story in reversed(published)]
    for story in published:
        assert node.status(f"/v1/manage/articles/{story['id']}", key) == 200


@pytest.mark.parametrize("stands_still", [False, True])
def test_a_leader_whose_machine_vanishes_is_replaced_and_stops_sending(
    stands_still: bool, healthy_cluster: Cluster, machines: list[Host], tmp_path: Path
) -> None:
    settings = {"push_networks": "127.0.0.0/8", "worker_interval": 0.1}
    with ExitStack() as stack:
        # Each machine has its own loopback, on which the same address is another receiver.
        first = machines[2].run(lambda: stack.enter_context(receiving()))
        second = machines[3].run(lambda: stack.enter_context(receiving(port=first.port)))
        leader, heir = _nodes(healthy_cluster, machines, tmp_path, **settings)
        hook = {"url": first.url, "events": ["article.published"]}
        assert leader.call("POST", "/v1/manage/webhooks", hook, key=healthy_cluster.key)[0] == 201
        _publish(heir, healthy_cluster.key, "Before")
        first.wait_for(1)
        # The event is recorded as sent; otherwise it would be sent again.
        delivered = "SELECT count(*) FROM deliveries WHERE state = 'delivered'"
        wait_until(lambda: healthy_cluster.primary.ask(delivered) == (1,))
        before = _lease(healthy_cluster)
        machines[2].disconnect()
        vanished = time.monotonic()
        if stands_still:
            leader.process.suspend()
        _publish(heir, healthy_cluster.key, "Meanwhile")
        second.wait_for(1)
        assert time.monotonic() - vanished < _REPLACED_WITHIN
        after = _lease(healthy_cluster)
        assert after == (before[0] + 1, after[1])
        machines[2].connect()
        if stands_still:
            leader.process.resume()
        wait_until(lambda: leader.call("GET", "/readyz")[2]["database"] == "answers", BACK_WITHIN)
        _publish(leader, healthy_cluster.key, "After")
        second.wait_for(2)
        assert (leader.leads, heir.leads) == (False, True)
        assert _lease(healthy_cluster) == after
        assert [_slugs(item) for item in (first, second)] == [["before"], ["meanwhile", "after"]]
        # The leader is told to shut down while it is disconnected.
        machines[3].disconnect()
        assert heir.end(ENDED_WITHIN) == 0
        assert leader.end(ENDED_WITHIN) == 0


def _publish(node: Node, key: str, title: str) -> dict[str, Any]:
    document = {"title": title, "language": "en", "status": "published"}
    status, _, story = node.call("POST", "/v1/manage/articles", document, key=key)
    assert status == 201, story
    created: dict[str, Any] = story
    return created


def _lease(servers: Cluster) -> tuple[int, str]:
    number, holder = servers.primary.ask("SELECT number, holder FROM leases WHERE name = 'worker'")
    return number, holder


def _slugs(receiver: Receiver) -> list[str]:
    def slug(request: ReceivedRequest) -> str:
        return str(json.loads(request.body)["data"]["slug"])

    return list(map(slug, receiver.requests))
