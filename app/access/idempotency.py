"""Idempotent POST: the first answer is stored with its Idempotency-Key, and replayed.

The answer is stored in the transaction of the change, so either both exist or neither.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from app.access import store
from app.access.errors import IdempotencyConflict, IdempotencyMismatch
from app.kit.sql.unit_of_work import UnitOfWork

RETENTION = timedelta(hours=24)
LONGEST_KEY = 255

_running: set[tuple[str, str]] = set()
_guard = threading.Lock()


def hash_payload(*parts: bytes) -> str:
    """Return a hash that identifies a payload."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def find_first_answer(
    unit: UnitOfWork, key_id: str, idempotency_key: str, payload: str
) -> store.StoredAnswerRow | None:
    """Return the stored answer for a payload, or None; refuse another payload."""
    if not unit.session.try_lock(f"idempotency:{key_id}:{idempotency_key}"):
        raise _build_conflict()
    answer = store.find_answer(unit.session, key_id, idempotency_key)
    if answer is None or unit.now - answer.kept_at >= RETENTION:
        return None
    if answer.payload_digest != payload:
        raise IdempotencyMismatch("This Idempotency-Key was used for another payload.")
    return answer


def replace_bodies(unit: UnitOfWork, subject: str, body: bytes) -> None:
    """Replace the body of every stored answer about an object."""
    store.replace_answer_bodies(unit.session, subject, body)


@contextmanager
def lock_idempotency_key(key_id: str, idempotency_key: str) -> Iterator[None]:
    """Refuse a second request with the same key in this process while the first one runs."""
    name = (key_id, idempotency_key)
    with _guard:
        if name in _running:
            raise _build_conflict()
        _running.add(name)
    try:
        yield
    finally:
        with _guard:
            _running.discard(name)


def delete_expired_answers(unit: UnitOfWork) -> int:
    """Delete expired answers, and count them."""
    return store.delete_answers_before(unit.session, unit.now - RETENTION)


def _build_conflict() -> IdempotencyConflict:
    return IdempotencyConflict("The request with this Idempotency-Key is still running.")
