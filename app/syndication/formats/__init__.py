"""Formats that stories leave in: one pure renderer a file, all over the same model."""

from collections.abc import Callable
from dataclasses import dataclass

from app.syndication.formats import atom, csv, json_feed, jsonld, markdown, newsml, ninjs, rss
from app.syndication.model.feed import Feed
from app.syndication.model.item import Item


@dataclass(frozen=True, slots=True)
class FeedFormat:
    """How a feed is written, and what that is called.

    One that `has_archive` links pages of an archive, and names the stories that were withdrawn.
    One that `names_canceled` names them, too, as its standard does.
    One that does not say what is under embargo (`marks_embargo`) never holds it.
    """

    media_type: str
    render: Callable[[Feed], bytes]
    has_archive: bool = False
    names_canceled: bool = False
    marks_embargo: bool = False


@dataclass(frozen=True, slots=True)
class StoryFormat:
    """How one story is written, what that is called, and whether it says what is embargoed."""

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
