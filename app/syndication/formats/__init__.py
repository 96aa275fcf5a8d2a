"""Feed and story formats: one renderer in each file, all for the same model."""

from collections.abc import Callable
from dataclasses import dataclass

from app.syndication.formats import atom, csv, json_feed, jsonld, markdown, newsml, ninjs, rss
from app.syndication.model.feed import Feed
from app.syndication.model.item import Item


@dataclass(frozen=True, slots=True)
class FeedFormat:
    """The media type and renderer of a feed.

    With `has_archive` a feed links archive pages and names withdrawn stories. With `names_canceled`
    it names withdrawn stories as its standard requires. Without `marks_embargo` it never contains
    stories under embargo.
    """

    media_type: str
    render: Callable[[Feed], bytes]
    has_archive: bool = False
    names_canceled: bool = False
    marks_embargo: bool = False


@dataclass(frozen=True, slots=True)
class StoryFormat:
    """The media type and renderer of one story, and whether it marks an embargo."""

    media_type: str
    render: Callable[[Item], bytes]
    marks_embargo: bool = False


FEEDS: dict[str, FeedFormat] = {
    "rss": FeedFormat(rss.MEDIA_TYPE, rss.render),
    "atom": FeedFormat(atom.MEDIA_TYPE, atom.render, has_archive=True),
    "json": FeedFormat(json_feed.MEDIA_TYPE, json_feed.render),
    "ninjs": FeedFormat(ninjs.MEDIA_TYPE, ninjs.render, names_canceled=True, marks_embargo=True),
    "newsml": FeedFormat(newsml.MEDIA_TYPE, newsml.render, names_canceled=True, marks_embargo=True),
    "csv": FeedFormat(csv.MEDIA_TYPE, csv.render),
}

STORIES: dict[str, StoryFormat] = {
    "ninjs": StoryFormat(ninjs.MEDIA_TYPE, ninjs.render_story, marks_embargo=True),
    "newsml": StoryFormat(newsml.STORY_MEDIA_TYPE, newsml.render_story, marks_embargo=True),
    "jsonld": StoryFormat(jsonld.MEDIA_TYPE, jsonld.render_story),
    "md": StoryFormat(markdown.MEDIA_TYPE, markdown.render_story),
}
