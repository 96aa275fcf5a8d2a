"""Keys, answers kept for retries, and secrets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, or_, select, update

from app.access.models import ApiKey, KeptAnswer, Secret
from app.kit.session import ReadSession, Record, WriteSession

_keys = ApiKey.__table__
_BY_PREFIX = select(_keys).where(ApiKey.prefix == bindparam("prefix"))


def insert_key(session: WriteSession, row: dict[str, Any]) -> None:
    """Add a key."""
    session.execute(insert(ApiKey), row)


def key_by_prefix(session: ReadSession, prefix: str) -> Record | None:
    """Return the key with a prefix, or nothing."""
    return session.first(_BY_PREFIX, {"prefix": prefix})


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
    """Mark a key as revoked, unless it was before."""
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
    statement = update(KeptAnswer).where(KeptAnswer.subject == subject)
    session.execute(statement.values(body=body))


def forget_answers(session: WriteSession, before: datetime) -> int:
    """Delete the answers kept before an instant and count them."""
    return session.execute(delete(KeptAnswer).where(KeptAnswer.kept_at < before))


def secret(session: ReadSession, name: str) -> str | None:
    """Return a secret of this deployment."""
    value: str | None = session.scalar(select(Secret.value).where(Secret.name == name))
    return value
