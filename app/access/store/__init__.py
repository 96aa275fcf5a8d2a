"""All SQL of access."""

# Each import says that it is one for others; sorted one by one, they would fill pages.
# ruff: isort: skip_file

from app.access.store.keys import (
    KeptRow as KeptRow,
    KeyRow as KeyRow,
    KeyState as KeyState,
    erase_answers as erase_answers,
    forget_answers as forget_answers,
    forget_answers_about as forget_answers_about,
    insert_key as insert_key,
    keep_answer as keep_answer,
    kept_answer as kept_answer,
    KEY_BY_PREFIX as KEY_BY_PREFIX,
    key_by_ref as key_by_ref,
    key_state as key_state,
    keys_after as keys_after,
    keys_before as keys_before,
    lock_key as lock_key,
    revoke_key as revoke_key,
    revoked_keys as revoked_keys,
    reword_answers as reword_answers,
    secret as secret,
    touch_key as touch_key,
)
