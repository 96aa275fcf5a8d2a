"""A receiver on the loopback interface that stands for a CDN, and settings that name it."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

from app.bootstrap import Services
from app.settings import Settings
from app.syndication.push.purging import CdnPurger
from tests.receiver import Receiver, receiving

TOKEN = "tok-4f1c-not-to-be-seen"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as loopback_receiver:
        yield loopback_receiver


@pytest.fixture
def settings(database_url: str, receiver: Receiver) -> Settings:
    return Settings(
        database_url=database_url,
        cache_bytes=0,
        purge_url=receiver.url,
        purge_token=SecretStr(TOKEN),
    )


@pytest.fixture
def purging(services: Services) -> CdnPurger:
    """The running purger, which purges all further changes."""
    assert services.purging is not None
    assert services.purging.catch_up()
    return services.purging
