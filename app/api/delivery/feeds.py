"""Feeds of all, a category, source, language, tag or search, in every format."""

from app.api import channels
from app.api.delivery.resource import Begun, Deferred, ReadRequest, Reads, Resource, finish
from app.api.feeds import answer_feed
from app.bootstrap import Services


def read_latest(services: Services, request: ReadRequest, ext: str) -> Begun:
    """Return the newest stories."""
    return answer_feed(services, request, channels.EVERYTHING, ext)


def read_search(services: Services, request: ReadRequest, ext: str) -> Begun:
    """Return the stories that a search finds."""
    return answer_feed(services, request, channels.SEARCH, ext)


def read_category(services: Services, request: ReadRequest, slug: str, ext: str) -> Begun:
    """Return the stories of a category and of all below it."""
    return answer_feed(services, request, channels.category(services, request, slug), ext)


def read_source(services: Services, request: ReadRequest, slug: str, ext: str) -> Begun:
    """Return the stories of a source."""
    return answer_feed(services, request, channels.source(services, request, slug), ext)


def read_language(services: Services, request: ReadRequest, tag: str, ext: str) -> Begun:
    """Return the stories in a language and all its regions."""
    return answer_feed(services, request, channels.language(services, request, tag), ext)


def read_tag(services: Services, request: ReadRequest, tag: str, ext: str) -> Begun:
    """Return the stories with a tag; to find its spellings may take long."""

    def begin() -> Begun:
        return answer_feed(services, request, channels.tag(services, request, tag), ext)

    return Deferred(lambda: finish(begin()))


LATEST = Resource("/feeds/latest.{ext}", Reads.HEADLINES, read_latest)
SEARCH = Resource("/feeds/search.{ext}", Reads.HEADLINES, read_search)
CATEGORY = Resource("/feeds/categories/{slug}.{ext}", Reads.HEADLINES, read_category)
SOURCE = Resource("/feeds/sources/{slug}.{ext}", Reads.HEADLINES, read_source)
LANGUAGE = Resource("/feeds/languages/{tag}.{ext}", Reads.HEADLINES, read_language)
TAG = Resource("/feeds/tags/{tag}.{ext}", Reads.HEADLINES, read_tag)
