"""The secrets that sign cursors and links: those of the settings, or those in the database."""

import secrets
from collections.abc import Sequence
from typing import NamedTuple

from app.access import store
from app.kit.errors import DatabaseUnavailable
from app.kit.sql.database import Database
from app.kit.sql.unit_of_work import UnitOfWork

_CURRENT, _OLD = "signing", "signing_old"
_BYTES = 32


class SigningSecrets(NamedTuple):
    """The secret that signs, and former secrets, which only verify."""

    current: str
    old: tuple[str, ...]


def load_signing_secrets(
    database: Database, configured: str | None, old: Sequence[str]
) -> SigningSecrets:
    """Return the secrets of this deployment; raise if there is none."""
    if configured is not None:
        return SigningSecrets(configured, tuple(old))
    with database.read() as session:
        current, former = (store.load_secret(session, name) for name in (_CURRENT, _OLD))
    if current is None:
        raise DatabaseUnavailable("The database has lost its secret. Set DATELINE_SECRET_KEY.")
    return SigningSecrets(current, (*old, *(() if former is None else (former,))))


def rotate_signing_secret(unit: UnitOfWork, *, forget: bool) -> None:
    """Replace the secret in the database; unless `forget`, the former one still verifies."""
    former = store.load_secret(unit.session, _CURRENT)
    store.replace_secret(unit.session, _CURRENT, secrets.token_hex(_BYTES))
    store.replace_secret(unit.session, _OLD, None if forget else former)
    unit.audit("rotated", "secret", None, None, {"forget": forget})
