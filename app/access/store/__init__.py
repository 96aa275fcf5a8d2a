"""All SQL of access."""

# Explicit re-exports; isort would put each on separate lines.
# ruff: isort: skip_file

from app.access.store.keys import (
    StoredAnswerRow as StoredAnswerRow,
    KeyEnd as KeyEnd,
    KeyRow as KeyRow,
    KeyState as KeyState,
    KeyUse as KeyUse,
    erase_answers as erase_answers,
    delete_answers_before as delete_answers_before,
    delete_answers_about as delete_answers_about,
    insert_key as insert_key,
    store_answer as store_answer,
    find_answer as find_answer,
    KEY_BY_PREFIX as KEY_BY_PREFIX,
    KEY_ENDS as KEY_ENDS,
    end_key as end_key,
    find_key as find_key,
    find_successor as find_successor,
    has_valid_key as has_valid_key,
    load_key_state as load_key_state,
    list_keys_after as list_keys_after,
    list_keys_before as list_keys_before,
    lock_key as lock_key,
    revoke_key as revoke_key,
    replace_answer_bodies as replace_answer_bodies,
    load_secret as load_secret,
    record_key_uses as record_key_uses,
    replace_secret as replace_secret,
)
