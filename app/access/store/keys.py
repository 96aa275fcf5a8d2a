"""SQL of keys, stored answers and secrets."""

from collections.abc import Collection, Sequence
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
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import Instant, table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Nothing, Query, Statement

_keys = table_of(ApiKey)


class KeyRow(NamedTuple):
    """A row of a key."""

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
    partner_id: str | None = None
    networks: list[str] | None = None
    origins: list[str] | None = None
    last_used_from: str | None = None
    rotated_from: str | None = None


class KeyUse(NamedTuple):
    """A use of a key, at an instant and from an address."""

    key_id: str
    at: datetime
    address: str | None


class KeyEnd(NamedTuple):
    """When a key was revoked and when it expires, either of which may be None."""

    id: str
    revoked_at: datetime | None
    expires_at: datetime | None


class StoredAnswerRow(NamedTuple):
    """A stored answer for an Idempotency-Key; `subject` is the id of its object."""

    key_id: str
    idempotency_key: str
    payload_digest: str
    status: int
    headers: dict[str, str]
    body: bytes
    kept_at: datetime
    subject: str | None


class SecretRow(NamedTuple):
    """A secret of this deployment."""

    name: str
    value: str


class KeyState(NamedTuple):
    """The columns that decide whether a key is valid, and its prefix."""

    prefix: str
    revoked_at: datetime | None
    expires_at: datetime | None


KEY_BY_PREFIX = Statement(select(_keys).where(ApiKey.prefix == bindparam("prefix")), KeyRow)
KEY_BY_ID = Statement(select(_keys).where(ApiKey.id == bindparam("key_id")), KeyRow)
_STATE = Statement(
    select(*(_keys.c[name] for name in KeyState._fields)).where(ApiKey.id == bindparam("key_id")),
    KeyState,
)
KEY_ENDS = Statement(
    select(*(_keys.c[name] for name in KeyEnd._fields)).where(is_listed(_keys.c.id)), KeyEnd
)
_RECORD_USE: Statement[Nothing] = Statement(
    update(_keys)
    .where(
        _keys.c.id == bindparam("key_id"),
        or_(_keys.c.last_used_at.is_(None), _keys.c.last_used_at < bindparam("at", type_=Instant)),
    )
    .values(last_used_at=bindparam("at", type_=Instant), last_used_from=bindparam("address"))
)


def insert_key(session: WriteSession, row: KeyRow) -> None:
    """Insert a key."""
    session.insert(ApiKey, [row])


def load_key_state(session: ReadSession, key_id: str) -> KeyState | None:
    """Return the state of the key with an id, or None."""
    return session.first(_STATE, {"key_id": key_id})


def lock_key(session: WriteSession, key_id: str, *, shared: bool = False) -> None:
    """Lock a key until the transaction ends: shared to use it, exclusive to revoke it."""
    session.lock(f"key:{key_id}", shared=shared)


def find_key(session: ReadSession, ref: str) -> KeyRow | None:
    """Return the key with an id or a prefix, or None."""
    if "\0" in ref:
        # PostgreSQL refuses U+0000 in a parameter.
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


def has_valid_key(session: ReadSession, partner_id: str, now: datetime) -> bool:
    """Tell whether a partner has a key that is neither revoked nor expired."""
    lasts = or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > now)
    valid = select(ApiKey.id).where(ApiKey.partner_id == partner_id, ApiKey.revoked_at.is_(None))
    return session.scalar(valid.where(lasts).limit(1)) is not None


def revoke_key(session: WriteSession, key_id: str, now: datetime) -> None:
    """Mark a key as revoked, unless it is; wait for the units of work that use it."""
    lock_key(session, key_id)
    statement = update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
    session.execute(statement.values(revoked_at=now))


def end_key(session: WriteSession, key_id: str, at: datetime) -> None:
    """Let a key expire at an instant."""
    session.execute(update(ApiKey).where(ApiKey.id == key_id).values(expires_at=at))


def find_successor(session: ReadSession, key_id: str) -> str | None:
    """Return the prefix of the key that replaces another, or None."""
    prefix: str | None = session.scalar(select(ApiKey.prefix).where(ApiKey.rotated_from == key_id))
    return prefix


def record_key_uses(session: WriteSession, uses: Sequence[KeyUse]) -> None:
    """Record uses of keys, unless a later one is recorded; in one order, to prevent deadlocks."""
    session.execute(_RECORD_USE, [use._asdict() for use in sorted(uses)])


def find_answer(session: ReadSession, key_id: str, idempotency_key: str) -> StoredAnswerRow | None:
    """Return the stored answer for an Idempotency-Key, or None."""
    statement = select(table_of(StoredAnswer)).where(
        StoredAnswer.key_id == key_id, StoredAnswer.idempotency_key == idempotency_key
    )
    return session.first(Query(statement, StoredAnswerRow))


def store_answer(session: WriteSession, row: StoredAnswerRow) -> None:
    """Store an answer, and replace an expired one."""
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
    """Delete every answer that contains one of the words."""
    # As JSON escapes them.
    patterns = [json.dumps(word)[1:-1] for word in words]
    query: Query[tuple[str, str, bytes]] = Query(
        select(StoredAnswer.key_id, StoredAnswer.idempotency_key, StoredAnswer.body)
    )
    found = [
        {"key": key_id, "name": name}
        for key_id, name, body in session.stream(query)
        if any(word in body for word in patterns)
    ]
    session.execute(_ERASE_ANSWER, found)


_ERASE_ANSWER: Statement[Nothing] = Statement(
    delete(StoredAnswer).where(
        StoredAnswer.key_id == bindparam("key"), StoredAnswer.idempotency_key == bindparam("name")
    )
)


def delete_answers_before(session: WriteSession, before: datetime) -> int:
    """Delete the answers stored before an instant, and count them."""
    return session.execute(delete(StoredAnswer).where(StoredAnswer.kept_at < before))


def load_secret(session: ReadSession, name: str) -> str | None:
    """Return a secret of this deployment."""
    value: str | None = session.scalar(select(Secret.value).where(Secret.name == name))
    return value


def replace_secret(session: WriteSession, name: str, value: str | None) -> None:
    """Replace a secret of this deployment, or delete it."""
    session.delete(Secret.name, [name])
    if value is not None:
        session.insert(Secret, [SecretRow(name, value)])
