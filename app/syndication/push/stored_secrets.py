"""Secrets of webhooks in the database: encrypted, if the operator has set a key for that."""

from collections.abc import Iterable, Iterator

from app.kit.encryption import SecretCipher, Undecryptable, is_encrypted
from app.kit.sql.database import Database
from app.syndication.push.signing import decode_secret, encode_secret
from app.syndication.push.store import receivers
from app.syndication.push.store.receivers import WebhookSecret


class SecretUnreadable(Exception):
    """The secret of a webhook was encrypted with a key that is not set."""


class StoredSecrets:
    """Encodes secrets for the database, and reads them; each is bound to its webhook by id."""

    def __init__(self, key: str | None = None, old: Iterable[str] = ()) -> None:
        """Encrypt with a key; without one, encrypt nothing, and decrypt with former keys."""
        former = tuple(old)
        self._encrypts = key is not None
        newest = key or (former[0] if former else None)
        self._cipher = None if newest is None else SecretCipher(newest, former)

    def write(self, secret: str, id_: str) -> str:
        """Return a secret as it is stored."""
        if self._cipher is None or not self._encrypts:
            return secret
        return self._cipher.encrypt(decode_secret(secret), id_)

    def read(self, stored: str, id_: str) -> str:
        """Return the secret of a stored one; raise `SecretUnreadable`."""
        if not is_encrypted(stored):
            return stored
        try:
            if self._cipher is not None:
                return encode_secret(self._cipher.decrypt(stored, id_))
        except Undecryptable:
            pass
        raise SecretUnreadable(
            "The secret of the webhook was encrypted with a key that is not set. Set "
            "DATELINE_ENCRYPTION_KEY or DATELINE_ENCRYPTION_KEY_OLD to that key, or rotate the "
            "secret with 0 hours."
        )

    def is_current(self, stored: str) -> bool:
        """Tell whether a secret is stored as `write` would store it now."""
        if self._cipher is None or not self._encrypts:
            return not is_encrypted(stored)
        return self._cipher.is_current(stored)


def renew_secrets(database: Database, secrets: StoredSecrets) -> int:
    """Store all secrets as they would be stored now, and count the webhooks that change."""
    with database.read() as session:
        rows = receivers.list_secrets(session)
    ids = [row.id for row in rows if not all(map(secrets.is_current, row.values))]
    return sum(_renew(database, secrets, id_) for id_ in ids)


def _renew(database: Database, secrets: StoredSecrets, id_: str) -> bool:
    """Store the secrets of a webhook again; tell whether that was possible."""
    with database.write() as session:
        row = receivers.lock_webhook(session, id_)
        if row is None:
            return False
        stored = {"secret": row.secret, "old_secret": row.old_secret}
        try:
            renewed = {
                name: secrets.write(secrets.read(value, id_), id_)
                for name, value in stored.items()
                if value is not None
            }
        except SecretUnreadable:
            # `dateline check` names it.
            return False
        receivers.change(session, "webhook", id_, **renewed)
    return True


def find_unreadable_secrets(database: Database, secrets: StoredSecrets) -> Iterator[str]:
    """Yield a line for each webhook whose secret cannot be read."""
    with database.read() as session:
        rows = receivers.list_secrets(session)
    for row in rows:
        detail = _find_flaw(secrets, row)
        if detail is not None:
            yield f"webhook {row.id}: {detail}"


def _find_flaw(secrets: StoredSecrets, row: WebhookSecret) -> str | None:
    try:
        for value in row.values:
            secrets.read(value, row.id)
    except SecretUnreadable as unreadable:
        return str(unreadable)
    return None
