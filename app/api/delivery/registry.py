"""All public resources."""

from app.api.delivery import changes, feeds, search, single_stories, sitemaps, story_lists, taxonomy
from app.api.delivery.resource import PathTable, Resource

# In the order in which they are tried, as their routes are.
RESOURCES: tuple[Resource, ...] = (
    story_lists.HEADLINES,
    story_lists.ARTICLES,
    single_stories.STORY_AS,
    single_stories.STORY,
    feeds.LATEST,
    feeds.SEARCH,
    feeds.CATEGORY,
    feeds.SOURCE,
    feeds.LANGUAGE,
    feeds.TAG,
    sitemaps.INDEX,
    sitemaps.NEWS,
    sitemaps.PART,
    search.SEARCH,
    search.SUGGEST,
    search.RELATED,
    taxonomy.SOURCES,
    taxonomy.SOURCE_ENTRY,
    taxonomy.CATEGORIES,
    taxonomy.CATEGORY_ENTRY,
    changes.CHANGES,
)

# Returns the public resource at a decoded path, with the parts of the path.
find = PathTable(RESOURCES).find
