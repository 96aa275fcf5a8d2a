"""Sitemaps of the archive, by month, and of the news of the last two days."""

from collections.abc import Callable

from app.api import sitemaps
from app.api.answer import Answer
from app.api.delivery.answers import delivered, nothing_here
from app.api.delivery.resource import Deferred, ReadRequest, Reads, Resource
from app.api.params import Parameters
from app.api.sitemaps import Made
from app.bootstrap import Services
from app.delivery.surrogates import LISTS
from app.syndication.formats.sitemap import MEDIA_TYPE


def read_index(services: Services, request: ReadRequest) -> Deferred:
    """Return the index of the sitemaps of all months."""
    return _sitemap(services, request, lambda: sitemaps.archive_index(services))


def read_news(services: Services, request: ReadRequest) -> Deferred:
    """Return the stories of the last 48 hours, or an index of parts."""
    return _sitemap(services, request, lambda: sitemaps.news(services))


def read_part(services: Services, request: ReadRequest, part: str) -> Deferred:
    """Return a part of an index by the name that it has there, such as `2026-11`."""
    return _sitemap(services, request, lambda: sitemaps.part(services, part))


def _sitemap(services: Services, request: ReadRequest, make: Callable[[], Made | None]) -> Deferred:
    Parameters(request.query, ())
    return Deferred(lambda: _answer(services, request, make()))


def _answer(services: Services, request: ReadRequest, made: Made | None) -> Answer:
    if made is None:
        head = services.delivery.head()
        raise nothing_here(request, head, "No index has a part of this name.")
    return delivered(
        request, made.body, made.head, keys=(LISTS,), media_type=MEDIA_TYPE, until=made.until
    )


INDEX = Resource("/sitemap.xml", Reads.HEADLINES, read_index)
NEWS = Resource("/sitemap-news.xml", Reads.HEADLINES, read_news)
PART = Resource("/sitemap-{part}.xml", Reads.HEADLINES, read_part)
