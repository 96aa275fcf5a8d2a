"""All SQL of access."""

from app.access.store.keys import (
    KeyState,
    forget_answers,
    insert_key,
    keep_answer,
    kept_answer,
    key_by_prefix,
    key_by_ref,
    key_state,
    keys_after,
    keys_before,
    lock_key,
    revoke_key,
    revoked_keys,
    reword_answers,
    secret,
    touch_key,
)

__all__ = [
    "KeyState",
    "forget_answers",
    "insert_key",
    "keep_answer",
    "kept_answer",
    "key_by_prefix",
    "key_by_ref",
    "key_state",
    "keys_after",
    "keys_before",
    "lock_key",
    "revoke_key",
    "revoked_keys",
    "reword_answers",
    "secret",
    "touch_key",
]
