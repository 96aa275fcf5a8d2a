"""All SQL of access."""

from app.access.store.keys import (
    forget_answers,
    insert_key,
    keep_answer,
    kept_answer,
    key_by_prefix,
    key_by_ref,
    keys_after,
    keys_before,
    revoke_key,
    revoked_keys,
    reword_answers,
    secret,
    touch_key,
)

__all__ = [
    "forget_answers",
    "insert_key",
    "keep_answer",
    "kept_answer",
    "key_by_prefix",
    "key_by_ref",
    "keys_after",
    "keys_before",
    "revoke_key",
    "revoked_keys",
    "reword_answers",
    "secret",
    "touch_key",
]
