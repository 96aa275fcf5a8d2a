"""Keys, answers kept for retries, and secrets."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    LargeBinary,
    bindparam,
    delete,
    or_,
    select,
    update,
)

from app.access.models import ApiKey, Secret, StoredAnswer
from app.kit import json
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Nothing, Query, Statement

_keys = table_of(ApiKey)


class KeyRow(NamedTuple):
    """A key as it is kept."""

    id: str
    name: str
    prefix: str
    digest: bytes
    scopes: list[str]
    embargoed: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class StoredAnswerRow(NamedTuple):
    """An answer that is kept under an Idempotency-Key; `subject` is what it shows."""

    key_id: str
    idempotency_key: str
    payload_digest: str
    status: int
    headers: dict[str, str]
    body: bytes
    kept_at: datetime
    subject: str | None


class KeyState(NamedTuple):
    """Whether a key is still valid: its prefix, and when it was revoked and expires."""

    prefix: str
    revoked_at: datetime | None
    expires_at: datetime | None


KEY_BY_PREFIX = Statement(select(_keys).where(ApiKey.prefix == bindparam("prefix")), KeyRow)
_STATE = Statement(
    select(*(_keys.c[name] for name in KeyState._fields)).where(ApiKey.id == bindparam("key_id")),
    KeyState,
)


def insert_key(session: WriteSession, row: KeyRow) -> None:
    """Add a key."""
    session.insert(ApiKey, [row])


def load_key_state(session: ReadSession, key_id: str) -> KeyState | None:
    """Return whether the key with an id is still valid, or nothing where there is none."""
    return session.first(_STATE, {"key_id": key_id})


def lock_key(session: WriteSession, key_id: str, *, shared: bool = False) -> None:
    """Lock a key to the end of the transaction: shared to act with it, alone to revoke it."""
    session.lock(f"key:{key_id}", shared=shared)


def find_key(session: ReadSession, ref: str) -> KeyRow | None:
    """Return the key with an id or a prefix, or nothing."""
    if "\0" in ref:
        # PostgreSQL cannot even be asked about U+0000.
        return None
    statement = select(_keys).where(or_(ApiKey.id == ref, ApiKey.prefix == ref))
    return session.first(Query(statement, KeyRow))


def list_keys_after(session: ReadSession, after: str | None, limit: int) -> list[KeyRow]:
    """Return keys, oldest first, that come after an id."""
    statement = select(_keys).order_by(ApiKey.id).limit(limit)
    return session.all(Query(statement.where(ApiKey.id > after) if after else statement, KeyRow))


def list_keys_before(session: ReadSession, before: str, limit: int) -> list[KeyRow]:
    """Return keys, newest first, that come before an id."""
    statement = select(_keys).where(ApiKey.id < before)
    return session.all(Query(statement.order_by(ApiKey.id.desc()).limit(limit), KeyRow))


def revoke_key(session: WriteSession, key_id: str, now: datetime) -> None:
    """Mark a key as revoked, unless it was before; units of work that act with it end first."""
    lock_key(session, key_id)
    statement = update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
    session.execute(statement.values(revoked_at=now))


def load_revoked_key_ids(session: ReadSession) -> frozenset[str]:
    """Return the ids of all keys that were revoked."""
    return frozenset(session.scalars(select(ApiKey.id).where(ApiKey.revoked_at.is_not(None))))


def record_key_use(session: WriteSession, key_id: str, now: datetime) -> None:
    """Note that a key was used."""
    session.execute(update(ApiKey).where(ApiKey.id == key_id).values(last_used_at=now))


def find_answer(session: ReadSession, key_id: str, idempotency_key: str) -> StoredAnswerRow | None:
    """Return the answer kept under an Idempotency-Key, or nothing."""
    statement = select(table_of(StoredAnswer)).where(
        StoredAnswer.key_id == key_id, StoredAnswer.idempotency_key == idempotency_key
    )
    return session.first(Query(statement, StoredAnswerRow))


def store_answer(session: WriteSession, row: StoredAnswerRow) -> None:
    """Keep an answer, in place of an outdated one."""
    session.insert(StoredAnswer, [row], "whole")


def replace_answer_bodies(session: WriteSession, subject: str, body: bytes) -> None:
    """Replace the body of each answer about a subject."""
    session.execute(_REPLACE_BODY, {"about": subject, "said": body})


_REPLACE_BODY: Statement[Nothing] = Statement(
    update(StoredAnswer)
    .where(StoredAnswer.subject == bindparam("about"))
    .values(body=bindparam("said", type_=LargeBinary))
)


def delete_answers_about(session: WriteSession, subject: str) -> None:
    """Delete the answers about a subject."""
    session.delete(StoredAnswer.subject, [subject])


def erase_answers(session: WriteSession, words: Collection[str]) -> None:
    """Delete every answer in which one of some words stands."""
    # As they stand in JSON.
    wanted = [json.dumps(word)[1:-1] for word in words]
    kept: Query[tuple[str, str, bytes]] = Query(
        select(StoredAnswer.key_id, StoredAnswer.idempotency_key, StoredAnswer.body)
    )
    found = [
        {"key": key_id, "name": name}
        for key_id, name, body in session.stream(kept)
        if any(word in body for word in wanted)
    ]
    session.execute(_ERASE_ANSWER, found)


_ERASE_ANSWER: Statement[Nothing] = Statement(
    delete(StoredAnswer).where(
        StoredAnswer.key_id == bindparam("key"), StoredAnswer.idempotency_key == bindparam("name")
    )
)


def delete_answers_before(session: WriteSession, before: datetime) -> int:
    """Delete the answers kept before an instant and count them."""
    return session.execute(delete(StoredAnswer).where(StoredAnswer.kept_at < before))


def load_secret(session: ReadSession, name: str) -> str | None:
    """Return a secret of this deployment."""
    value: str | None = session.scalar(select(Secret.value).where(Secret.name == name))
    return value
