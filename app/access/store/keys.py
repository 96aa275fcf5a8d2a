"""Keys, answers kept for retries, and secrets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    LargeBinary,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from app.access.models import ApiKey, KeptAnswer, Secret
from app.kit.schema import table_of
from app.kit.session import ReadSession, Record, WriteSession
from app.kit.statement import Statement

_keys = table_of(ApiKey)


class KnownKey(NamedTuple):
    """What a request's key is compared with, and what it may do."""

    id: str
    name: str
    prefix: str
    digest: bytes
    scopes: list[str]
    embargoed: bool
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyState(NamedTuple):
    """Whether a key is still valid: its prefix, and when it was revoked and expires."""

    prefix: str
    revoked_at: datetime | None
    expires_at: datetime | None


_BY_PREFIX = Statement(
    select(*(_keys.c[name] for name in KnownKey._fields)).where(
        ApiKey.prefix == bindparam("prefix")
    ),
    KnownKey,
)
_STATE = Statement(
    select(*(_keys.c[name] for name in KeyState._fields)).where(ApiKey.id == bindparam("key_id")),
    KeyState,
)


def insert_key(session: WriteSession, row: dict[str, Any]) -> None:
    """Add a key."""
    session.execute(insert(ApiKey), row)


def key_by_prefix(session: ReadSession, prefix: str) -> KnownKey | None:
    """Return the key with a prefix, or nothing."""
    return session.first(_BY_PREFIX, {"prefix": prefix})


def key_state(session: ReadSession, key_id: str) -> KeyState | None:
    """Return whether the key with an id is still valid, or nothing where there is none."""
    return session.first(_STATE, {"key_id": key_id})


def lock_key(session: WriteSession, key_id: str, *, shared: bool = False) -> None:
    """Lock a key to the end of the transaction: shared to act with it, alone to revoke it."""
    session.lock(f"key:{key_id}", shared=shared)


def key_by_ref(session: ReadSession, ref: str) -> Record | None:
    """Return the key with an id or a prefix, or nothing."""
    if "\0" in ref:
        # PostgreSQL cannot even be asked about U+0000.
        return None
    return session.first(select(_keys).where(or_(ApiKey.id == ref, ApiKey.prefix == ref)))


def keys_after(session: ReadSession, after: str | None, limit: int) -> Sequence[Record]:
    """Return keys, oldest first, that come after an id."""
    statement = select(_keys).order_by(ApiKey.id).limit(limit)
    return session.all(statement.where(ApiKey.id > after) if after else statement)


def keys_before(session: ReadSession, before: str, limit: int) -> Sequence[Record]:
    """Return keys, newest first, that come before an id."""
    statement = select(_keys).where(ApiKey.id < before)
    return session.all(statement.order_by(ApiKey.id.desc()).limit(limit))


def revoke_key(session: WriteSession, key_id: str, now: datetime) -> None:
    """Mark a key as revoked, unless it was before; units of work that act with it end first."""
    lock_key(session, key_id)
    statement = update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
    session.execute(statement.values(revoked_at=now))


def revoked_keys(session: ReadSession) -> frozenset[str]:
    """Return the ids of all keys that were revoked."""
    rows = session.all(select(ApiKey.id).where(ApiKey.revoked_at.is_not(None)))
    return frozenset(row.id for row in rows)


def touch_key(session: WriteSession, key_id: str, now: datetime) -> None:
    """Note that a key was used."""
    session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))


def kept_answer(session: ReadSession, key_id: str, idempotency_key: str) -> Record | None:
    """Return the answer kept under an Idempotency-Key, or nothing."""
    return session.first(
        select(KeptAnswer.__table__).where(
            KeptAnswer.key_id == key_id, KeptAnswer.idempotency_key == idempotency_key
        )
    )


def keep_answer(session: WriteSession, row: dict[str, Any]) -> None:
    """Keep an answer, in place of an outdated one."""
    session.execute(
        delete(KeptAnswer).where(
            KeptAnswer.key_id == row["key_id"],
            KeptAnswer.idempotency_key == row["idempotency_key"],
        )
    )
    session.execute(insert(KeptAnswer), row)


def reword_answers(session: WriteSession, subject: str, body: bytes) -> None:
    """Replace the body of each answer about a subject."""
    session.execute(_REWORD, {"about": subject, "said": body})


_REWORD: Statement[Any] = Statement(
    update(KeptAnswer)
    .where(KeptAnswer.subject == bindparam("about"))
    .values(body=bindparam("said", type_=LargeBinary))
)


def forget_answers(session: WriteSession, before: datetime) -> int:
    """Delete the answers kept before an instant and count them."""
    return session.execute(delete(KeptAnswer).where(KeptAnswer.kept_at < before))


def secret(session: ReadSession, name: str) -> str | None:
    """Return a secret of this deployment."""
    value: str | None = session.scalar(select(Secret.value).where(Secret.name == name))
    return value
