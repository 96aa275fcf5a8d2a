"""Agreements that change or end while their partners wait for news."""

import asyncio
from datetime import timedelta

import pytest

from app.access.errors import RightsChanged
from app.access.keys import verify_key
from app.api.app import create_app
from app.api.delivery.registry import find
from app.api.delivery.resource import ReadRequest
from app.api.delivery.respond import fetch
from app.api.live.change_notifier import ChangeNotifier
from app.bootstrap import Services
from app.kit.clock import format_instant
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.partners.agreements import add_key, add_partner, add_product
from tests.server.serving import port_of, serve
from tests.sync.stream_client import StreamClient

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


def test_a_stream_ends_with_its_agreement(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    product = add_product(newsroom, "First")
    add_product(newsroom, "Second")
    ends_at = clock.now() + timedelta(hours=1)
    partners = (
        add_partner(newsroom, "first", name="A"),
        add_partner(newsroom, "second", name="B"),
        add_partner(newsroom, "second", name="D"),
        add_partner(newsroom, "second", name="C"),
    )
    keys = [add_key(newsroom, partner)["x-api-key"] for partner in partners]
    with serve(create_app(services)) as server:
        streams = [StreamClient(port_of(server), x_api_key=key).wait_for_start() for key in keys]
        changed, ending, limited, lasting = streams
        newsroom.patch(product, "products", filter={"kind": ["news"]})
        assert changed.has_ended()
        newsroom.patch(partners[2], "partners", limits={"stories_per_day": 1})
        assert limited.has_ended()
        # The end is set while the partner listens.
        newsroom.patch(partners[1], "partners", ends_at=format_instant(ends_at))
        clock.moment = ends_at
        assert ending.has_ended()
        story = newsroom.story("Story")
        assert lasting.next().data["id"] == story["id"]
        for stream in streams:
            stream.close()


def test_a_long_poll_is_refused_when_the_agreement_has_changed(
    newsroom: Newsroom, services: Services
) -> None:
    product = add_product(newsroom)
    key = add_key(newsroom, add_partner(newsroom, "product"))["x-api-key"]
    caller = verify_key(services.database, key, services.clock.now(), services.partners.resolve)
    match = find("/v1/changes")
    assert match is not None
    newsroom.patch(product, "products", filter={"kind": ["news"]})
    answer = fetch(
        services,
        ChangeNotifier(services.watch),
        match,
        ReadRequest(match.resource.path, b"", caller),
    )
    with pytest.raises(RightsChanged):
        asyncio.run(answer)
