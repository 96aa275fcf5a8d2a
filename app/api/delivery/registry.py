"""All public resources, found by path."""

from collections.abc import Iterable
from re import Pattern

from starlette.routing import compile_path

from app.api.delivery import changes, feeds, search, sitemaps, stories, taxonomy
from app.api.delivery.resource import Match, Resource

# In the order in which they are tried, as their routes are.
RESOURCES: tuple[Resource, ...] = (
    stories.HEADLINES,
    stories.ARTICLES,
    stories.STORY_AS,
    stories.STORY,
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


def _patterns(resources: Iterable[Resource]) -> list[tuple[Pattern[str], Resource]]:
    return [(compile_path(one.path)[0], one) for one in resources if "{" in one.path]


_FIXED = {one.path: Match(one, {}) for one in RESOURCES if "{" not in one.path}
_PATTERNS = _patterns(RESOURCES)


def find(path: str) -> Match | None:
    """Return the public resource at a decoded path, with the parts of the path."""
    fixed = _FIXED.get(path)
    if fixed is not None:
        return fixed
    for pattern, resource in _PATTERNS:
        found = pattern.match(path)
        if found is not None:
            return Match(resource, found.groupdict())
    return None
