"""All SQL of the delivery side. Public lists and stories are in `story_queries`."""

# `x as x` marks a name as exported; isort would write a separate statement for each.
# ruff: isort: skip_file

from app.delivery.store.documents import (
    Attributes as Attributes,
    DocumentRow as DocumentRow,
    StoryTerms as StoryTerms,
    WholeDocument as WholeDocument,
    load_attributes as load_attributes,
    load_groups as load_groups,
    find_documents_in_category as find_documents_in_category,
    lock_due_documents as lock_due_documents,
    lock_expired_documents as lock_expired_documents,
    insert_documents as insert_documents,
    load_own_categories as load_own_categories,
    release_documents as release_documents,
    find_released_in_groups as find_released_in_groups,
    delete_documents as delete_documents,
    replace_document as replace_document,
    replace_terms as replace_terms,
    find_orphan_documents as find_orphan_documents,
    count_uses_of_entry as count_uses_of_entry,
    load_documents as load_documents,
)
from app.delivery.store.embargo_log import (
    EmbargoedChange as EmbargoedChange,
    append_embargoed as append_embargoed,
    find_embargoed_groups as find_embargoed_groups,
    has_unlogged_offers as has_unlogged_offers,
    load_last_embargoed_changes as load_last_embargoed_changes,
    lock_unlogged_offers as lock_unlogged_offers,
    find_offered_in_groups as find_offered_in_groups,
)
from app.delivery.store.entries import (
    EntryRow as EntryRow,
    RedirectRow as RedirectRow,
    add_redirects as add_redirects,
    add_ancestors as add_ancestors,
    delete_redirects as delete_redirects,
    delete_redirects_to as delete_redirects_to,
    load_entries as load_entries,
    load_entry as load_entry,
    load_redirects as load_redirects,
    delete_entry as delete_entry,
    replace_entry as replace_entry,
)
from app.delivery.store.erasure import erase_changes as erase_changes
from app.delivery.store.followers import (
    start_follower_after as start_follower_after,
    load_follower_position as load_follower_position,
    load_follower_positions as load_follower_positions,
    move_follower as move_follower,
    start_follower as start_follower,
    rewind_follower as rewind_follower,
    try_move_follower as try_move_follower,
)
from app.delivery.store.log import (
    Change as Change,
    FormerAttributes as FormerAttributes,
    LastChange as LastChange,
    MergedChange as MergedChange,
    find_changed as find_changed,
    append_to_log as append_to_log,
    load_attributes_before as load_attributes_before,
    load_last_changes as load_last_changes,
    load_last_of_each as load_last_of_each,
    load_last_serial as load_last_serial,
    lock_log as lock_log,
    load_changes as load_changes,
)
from app.delivery.store.log_positions import (
    LogPosition as LogPosition,
    load_embargoed_end as load_embargoed_end,
    is_same_row as is_same_row,
    load_log_marks as load_log_marks,
    build_changes_statement as build_changes_statement,
    load_changes_since as load_changes_since,
    split_changes_since as split_changes_since,
)
from app.delivery.store.tombstones import (
    NOT_FOUND as NOT_FOUND,
    TombstoneRow as TombstoneRow,
    replace_tombstones as replace_tombstones,
    find_tombstone as find_tombstone,
    find_orphan_tombstones as find_orphan_tombstones,
    load_tombstones as load_tombstones,
)
