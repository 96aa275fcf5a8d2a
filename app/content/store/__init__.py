"""All SQL of the content side."""

# `x as x` marks a name as exported; isort would write a separate statement for each.
# ruff: isort: skip_file

from app.content.store.articles import (
    Tied as Tied,
    article_by_external_id as article_by_external_id,
    article_by_ref as article_by_ref,
    articles_after as articles_after,
    articles_by_external_ids as articles_by_external_ids,
    articles_by_ids as articles_by_ids,
    articles_by_slugs as articles_by_slugs,
    delete_article as delete_article,
    deleted_before as deleted_before,
    insert_articles as insert_articles,
    labels_of as labels_of,
    scheduled_in_zones as scheduled_in_zones,
    stand_ins as stand_ins,
    stream_articles as stream_articles,
    tied_to as tied_to,
    update_articles as update_articles,
)
from app.content.store.previews import (
    Preview as Preview,
    delete_preview as delete_preview,
    forget_previews as forget_previews,
    insert_preview as insert_preview,
    preview as preview,
)
from app.content.store.revisions import (
    Revision as Revision,
    insert_revisions as insert_revisions,
    replace_revisions as replace_revisions,
    revision as revision,
    revision_gaps as revision_gaps,
    revisions as revisions,
    snapshots as snapshots,
)
from app.content.store.slugs import (
    forget_public_slugs as forget_public_slugs,
    keep_public_slugs as keep_public_slugs,
    public_slugs as public_slugs,
    slug_now as slug_now,
    taken_slugs as taken_slugs,
)
from app.content.store.taxonomy import (
    ancestors as ancestors,
    categories_below as categories_below,
    category_by_ref as category_by_ref,
    delete_category as delete_category,
    delete_source as delete_source,
    levels_below as levels_below,
    page_of_categories as page_of_categories,
    page_of_sources as page_of_sources,
    save_category as save_category,
    save_source as save_source,
    source_by_ref as source_by_ref,
    stream_categories as stream_categories,
    stream_sources as stream_sources,
    uses_of_category as uses_of_category,
    uses_of_source as uses_of_source,
)
from app.content.store.things import (
    all_slugs as all_slugs,
    count_of as count_of,
    references as references,
)
