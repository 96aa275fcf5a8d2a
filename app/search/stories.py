"""Convert public stories to the stories that the index stores."""

from app.access.selection import language_ranges
from app.delivery.snapshot import PublicStory
from app.search.index import IndexedStory
from app.search.text_fields import StoryText


def to_indexed_story(story: PublicStory) -> IndexedStory:
    """Return a story as the index stores it."""
    return IndexedStory(
        id=story.id,
        slug=story.slug,
        url=story.url,
        group=story.group,
        text=StoryText(
            language=story.language,
            title=story.title,
            summary=story.summary,
            body=story.body,
            tags=story.tags,
            authors=story.authors,
            source=story.source,
        ),
        branches=story.branches,
        source=story.source_id,
        languages=language_ranges(story.language),
        tags=story.tags,
        authors=story.authors,
        labels=story.labels,
        kind=story.kind,
        published_at=story.published_at,
        updated_at=story.updated_at,
    )
