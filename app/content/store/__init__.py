"""All SQL of the content side."""

# `x as x` marks a name as exported; isort would write a separate statement for each.
# ruff: isort: skip_file

from app.content.store.articles import (
    GroupMember as GroupMember,
    lock_article_by_external_id as lock_article_by_external_id,
    find_article as find_article,
    lock_articles_after as lock_articles_after,
    lock_articles_by_external_ids as lock_articles_by_external_ids,
    lock_articles_by_ids as lock_articles_by_ids,
    lock_articles_by_slugs as lock_articles_by_slugs,
    delete_article as delete_article,
    find_deleted_before as find_deleted_before,
    insert_articles as insert_articles,
    build_labels as build_labels,
    lock_scheduled_in_zones as lock_scheduled_in_zones,
    find_stand_ins as find_stand_ins,
    stream_articles as stream_articles,
    load_group_members as load_group_members,
    update_articles as update_articles,
)
from app.content.store.previews import (
    Preview as Preview,
    delete_preview as delete_preview,
    delete_expired_previews as delete_expired_previews,
    insert_preview as insert_preview,
    find_preview as find_preview,
)
from app.content.store.revisions import (
    ArticleRevision as ArticleRevision,
    insert_revisions as insert_revisions,
    replace_revisions as replace_revisions,
    find_revision as find_revision,
    find_missing_snapshots as find_missing_snapshots,
    load_revisions as load_revisions,
    load_snapshots as load_snapshots,
)
from app.content.store.slugs import (
    delete_public_slugs as delete_public_slugs,
    keep_public_slugs as keep_public_slugs,
    load_public_slugs as load_public_slugs,
    find_current_slug as find_current_slug,
    find_taken_slugs as find_taken_slugs,
)
from app.content.store.taxonomy import (
    load_ancestors as load_ancestors,
    load_categories_below as load_categories_below,
    find_category as find_category,
    delete_category as delete_category,
    delete_source as delete_source,
    count_levels as count_levels,
    load_category_page as load_category_page,
    load_source_page as load_source_page,
    save_category as save_category,
    save_source as save_source,
    find_source as find_source,
    stream_categories as stream_categories,
    stream_sources as stream_sources,
    count_uses_of_category as count_uses_of_category,
    count_uses_of_source as count_uses_of_source,
)
from app.content.store.references import (
    load_slugs as load_slugs,
    count_rows as count_rows,
    load_references as load_references,
)
