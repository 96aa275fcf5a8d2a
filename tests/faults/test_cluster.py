"""A primary is suspended during writes, and its synchronous standby is promoted."""

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.faults.cluster import Machine, cluster, run_in_background, wait_until
from tests.faults.phases import BACK_WITHIN, ENDED_WITHIN, Readers, keep_writing

pytestmark = pytest.mark.slow
_STALE_SECONDS = 6.0


@pytest.mark.postgresql
@pytest.mark.exhaustive
def test_nothing_acknowledged_is_lost_when_a_synchronous_standby_takes_over(
    tmp_path: Path,
) -> None:
    here = Machine()
    with cluster(here, here) as servers:
        servers.primary.wait_for_standby()
        node = servers.node(here, tmp_path / "node", stale_seconds=_STALE_SECONDS)
        writer = servers.node(here, tmp_path / "writer")
        for item in (node, writer):
            item.wait_until_ready()
        readers, published = Readers(node, servers.key), list[dict[str, Any]]()
        readers.prepare()
        with run_in_background(lambda: keep_writing(writer, servers.key, published)):
            wait_until(lambda: len(published) >= 20)
            servers.primary.send_signal(signal.SIGSTOP)
            assert writer.end(ENDED_WITHIN) == 0
        readers.require_refusals()
        servers.standby.promote()
        wait_until(lambda: node.status("/v1/headlines", servers.key) == 200, BACK_WITHIN)
        assert readers.are_served()
        for story in published:
            assert node.status(f"/v1/manage/articles/{story['id']}", servers.key) == 200
        assert node.end(ENDED_WITHIN) == 0
