"""Secrets of webhooks at rest: encrypted if there is a key, and readable while the key is known."""

from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from standardwebhooks import Webhook as StandardWebhook
from starlette.testclient import TestClient

from app.api.app import create_app
from app.bootstrap import Services, bootstrap, open_database
from app.kit.clock import SystemClock
from app.kit.encryption import SecretCipher, Undecryptable
from app.settings import Settings
from app.syndication.push.models import Webhook
from app.worker import clean_up
from tests.cli.shell import Shell
from tests.client import make_client
from tests.clock import HandClock
from tests.conftest import key_for
from tests.newsroom import Newsroom
from tests.push.conftest import Pushing
from tests.receiver import ReceivedRequest, Receiver

_FIRST, _SECOND = "first key of the operator, 32 chr", "second key of the operator, 32 c"
# Opens the same deployment with other keys: the newest, and the former ones.
Open = Callable[..., Pushing]


@pytest.fixture
def open_with(settings: Settings, services: Services, clock: HandClock) -> Iterator[Open]:
    # A receiver compares the time of a request with its own clock.
    clock.moment = SystemClock().now()
    opened: list[tuple[Services, TestClient]] = []

    def open_with(key: str | None, *old: str) -> Pushing:
        keys = {
            "encryption_key": key and SecretStr(key),
            "encryption_key_old": SecretStr("\n".join(old)),
        }
        changed = settings.model_copy(update=keys)
        other = bootstrap(changed, clock=clock, database=open_database(changed))
        client = make_client(create_app(other), base_url="http://testserver")
        opened.append((other, client))
        return Pushing(other, Newsroom(client, key_for(other, "admin")))

    yield open_with
    for other, client in opened:
        client.close()
        other.close()


def _load_secrets(services: Services) -> list[str | None]:
    with services.database.read() as session:
        return [
            value
            for column in (Webhook.secret, Webhook.old_secret)
            for value in session.scalars(select(column))
        ]


def verify(heard: ReceivedRequest, secret: str) -> None:
    """Check the signature as a receiver does."""
    assert StandardWebhook(secret).verify(heard.body, heard.headers)


def _send(pushing: Pushing, receiver: Receiver) -> ReceivedRequest:
    pushing.newsroom.story("Story")
    pushing.settle()
    return receiver.requests[-1]


def test_secrets_are_encrypted_and_sign(open_with: Open, receiver: Receiver) -> None:
    pushing = open_with(_FIRST)
    webhook = pushing.webhook(receiver.url)
    verify(_send(pushing, receiver), webhook["secret"])
    rotated = pushing.verb(webhook, "rotate", hours=1)
    stored = _load_secrets(pushing.services)
    for value in stored:
        assert value is not None
        assert value.startswith("aes256gcm:")
        assert len(value) <= 100
    assert webhook["secret"] not in str(stored)
    heard = _send(pushing, receiver)
    for secret in (webhook["secret"], rotated["secret"]):
        verify(heard, secret)


def test_keys_change_and_secrets_follow(open_with: Open, receiver: Receiver) -> None:
    plain = open_with(None)
    webhook = plain.webhook(receiver.url)
    plain.verb(webhook, "rotate", hours=24)
    assert all(str(value).startswith("whsec_") for value in _load_secrets(plain.services))
    for keys in ((_FIRST,), (_SECOND, _FIRST)):
        pushing = open_with(*keys)
        before = _load_secrets(pushing.services)
        # What is stored in another way can be used already.
        verify(_send(pushing, receiver), webhook["secret"])
        clean_up(pushing.services)
        after = _load_secrets(pushing.services)
        assert not set(before) & set(after)
        assert all(str(value).startswith("aes256gcm:") for value in after)
        clean_up(pushing.services)
        assert _load_secrets(pushing.services) == after
        # The former key is not needed any more.
        verify(_send(open_with(keys[0]), receiver), webhook["secret"])
    pushing = open_with(None, _SECOND)
    clean_up(pushing.services)
    assert webhook["secret"] in _load_secrets(pushing.services)


@pytest.mark.parametrize("key", [None, _SECOND])
def test_without_the_key_deliveries_wait_and_say_why(
    key: str | None,
    open_with: Open,
    receiver: Receiver,
    clock: HandClock,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    webhook = open_with(_FIRST).webhook(receiver.url)
    lost = open_with(key)
    lost.newsroom.story("Story")
    lost.settle()
    clean_up(lost.services)
    (delivery,) = lost.log(webhook)
    assert (delivery["state"], delivery["attempts"]) == ("pending", 0)
    assert "DATELINE_ENCRYPTION_KEY" in delivery["answer"]
    assert receiver.requests == []
    assert lost.view(webhook)["state"] == "active"
    ended = Shell(database_url).run("check")
    assert ended.code == 1
    assert f"webhook {webhook['id']}: The secret of the webhook was encrypted" in ended.err
    clock.advance(minutes=1)
    again = open_with(_SECOND, _FIRST)
    again.settle()
    verify(receiver.requests[-1], webhook["secret"])
    (delivery,) = again.log(webhook)
    assert (delivery["state"], delivery["answer"]) == ("delivered", None)
    monkeypatch.setenv("DATELINE_ENCRYPTION_KEY", _FIRST)
    assert "webhook" not in Shell(database_url).run("check").err


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_lost_key_is_no_end(open_with: Open, receiver: Receiver) -> None:
    webhook = open_with(_FIRST).webhook(receiver.url)
    lost = open_with(None)
    rotated = lost.verb(webhook, "rotate", hours=0)
    verify(_send(lost, receiver), rotated["secret"])


def test_an_encrypted_text_belongs_to_its_row_and_key() -> None:
    cipher = SecretCipher(_FIRST)
    text = cipher.encrypt(b"data", "row 1")
    assert cipher.encrypt(b"data", "row 1") != text
    assert SecretCipher(_SECOND, [_FIRST]).decrypt(text, "row 1") == b"data"
    for other, context, changed in (
        (cipher, "row 2", text),
        (SecretCipher(_SECOND), "row 1", text),
        (cipher, "row 1", text[:-2] + ("A" if text[-2] != "A" else "B") + text[-1]),
        (cipher, "row 1", text[:-3]),
        (cipher, "row 1", "aes256gcm:x"),
    ):
        with pytest.raises(Undecryptable):
            other.decrypt(changed, context)
