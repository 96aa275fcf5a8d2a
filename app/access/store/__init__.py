"""All SQL of access."""

# Explicit re-exports; isort would put each on separate lines.
# ruff: isort: skip_file

from app.access.store.keys import (
    StoredAnswerRow as StoredAnswerRow,
    KeyRow as KeyRow,
    KeyState as KeyState,
    erase_answers as erase_answers,
    delete_answers_before as delete_answers_before,
    delete_answers_about as delete_answers_about,
    insert_key as insert_key,
    store_answer as store_answer,
    find_answer as find_answer,
    KEY_BY_ID as KEY_BY_ID,
    KEY_BY_PREFIX as KEY_BY_PREFIX,
    find_key as find_key,
    has_valid_key as has_valid_key,
    load_key_state as load_key_state,
    list_keys_after as list_keys_after,
    list_keys_before as list_keys_before,
    lock_key as lock_key,
    revoke_key as revoke_key,
    load_revoked_key_ids as load_revoked_key_ids,
    replace_answer_bodies as replace_answer_bodies,
    load_secret as load_secret,
    record_key_use as record_key_use,
)
from app.access.store.people import (
    PersonRow as PersonRow,
    delete_person as delete_person,
    find_person as find_person,
    find_person_by_subject as find_person_by_subject,
    insert_person as insert_person,
    load_people_page as load_people_page,
    remove_scopes as remove_scopes,
    update_person as update_person,
)
from app.access.store.sessions import (
    SESSION_BY_DIGEST as SESSION_BY_DIGEST,
    HeldSessionRow as HeldSessionRow,
    SessionRow as SessionRow,
    SessionState as SessionState,
    delete_sessions_before as delete_sessions_before,
    end_sessions as end_sessions,
    find_session as find_session,
    has_session_of_sign_in as has_session_of_sign_in,
    insert_session as insert_session,
    list_current_sessions as list_current_sessions,
    load_session_page as load_session_page,
    load_session_state as load_session_state,
    lock_session as lock_session,
    record_session_use as record_session_use,
)
