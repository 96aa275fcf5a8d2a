"""All SQL of the delivery side; `reading` is what public reading runs."""

# Each import says that it is one for others; sorted one by one, they would fill pages.
# ruff: isort: skip_file

from app.delivery.store.documents import (
    Attributes as Attributes,
    DocumentRow as DocumentRow,
    StoryTerms as StoryTerms,
    WholeDocument as WholeDocument,
    attributes as attributes,
    documents_under as documents_under,
    due_documents as due_documents,
    expired_documents as expired_documents,
    insert_documents as insert_documents,
    own_categories as own_categories,
    release_documents as release_documents,
    released_of_groups as released_of_groups,
    remove_documents as remove_documents,
    replace_document as replace_document,
    replace_terms as replace_terms,
    stray_documents as stray_documents,
    uses_of_entry as uses_of_entry,
    whole_documents as whole_documents,
)
from app.delivery.store.embargoed import (
    EmbargoedChange as EmbargoedChange,
    append_embargoed as append_embargoed,
    embargoed_groups as embargoed_groups,
    is_offer_untold as is_offer_untold,
    last_embargoed_rows as last_embargoed_rows,
    newly_offered as newly_offered,
    offered_of_groups as offered_of_groups,
)
from app.delivery.store.entries import (
    EntryRow as EntryRow,
    RedirectRow as RedirectRow,
    add_redirects as add_redirects,
    with_ancestors as with_ancestors,
    drop_redirects as drop_redirects,
    drop_redirects_to as drop_redirects_to,
    entries as entries,
    entry as entry,
    redirects as redirects,
    remove_entry as remove_entry,
    replace_entry as replace_entry,
)
from app.delivery.store.erasing import erase_facts as erase_facts
from app.delivery.store.followers import (
    begin_follower as begin_follower,
    follower_standing as follower_standing,
    followers as followers,
    move_follower as move_follower,
    start_follower as start_follower,
    take_back as take_back,
    take_over as take_over,
)
from app.delivery.store.log import (
    Change as Change,
    LastChange as LastChange,
    LastOfThing as LastOfThing,
    append as append,
    attributes_before as attributes_before,
    last_log_rows as last_log_rows,
    last_of_each as last_of_each,
    last_serial as last_serial,
    lock_log as lock_log,
    log_rows as log_rows,
)
from app.delivery.store.positions import (
    LogPosition as LogPosition,
    embargoed_end as embargoed_end,
    is_same as is_same,
    log_marks as log_marks,
    head_and_rows_since as head_and_rows_since,
    rows_since as rows_since,
    split_rows_since as split_rows_since,
)
from app.delivery.store.withdrawn import (
    NOT_FOUND as NOT_FOUND,
    Stone as Stone,
    replace_tombstones as replace_tombstones,
    standing as standing,
    stray_tombstones as stray_tombstones,
    tombstones as tombstones,
)
