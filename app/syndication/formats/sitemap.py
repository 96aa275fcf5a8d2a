"""Sitemaps: of the archive, of the news of two days, and sitemap indexes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.kit.xml import build_element, escape_text
from app.syndication.model.item import Item

MEDIA_TYPE = "application/xml"
_PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
# Google accepts only ISO 639 codes, and two variants of Chinese.
_CHINESE = re.compile(r"zh-(?:hans|cn|sg)|zh-(hant|tw|hk|mo)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SitemapPart:
    """One sitemap of an index."""

    address: str
    changed_at: str | None = None


def render_index(parts: Iterable[SitemapPart]) -> bytes:
    """Return a sitemap index."""
    listed = (_part(part) for part in parts)
    return f'{_PROLOG}<sitemapindex xmlns="{_SITEMAP}">{"".join(listed)}</sitemapindex>\n'.encode()


def render_archive(items: Iterable[Item]) -> bytes:
    """Return the URLs of stories, with the date of their last change."""
    listed = (_address(item.link, build_element("lastmod", item.updated_at)) for item in items)
    return _addresses(listed, "")


def render_news(items: Iterable[Item], site: str) -> bytes:
    """Return a Google News sitemap."""
    listed = (_address(item.link, _news(item, site)) for item in items)
    return _addresses(listed, f' xmlns:news="{_NEWS}"')


def news_language(tag: str) -> str:
    """Return a BCP 47 tag as Google News accepts it."""
    chinese = _CHINESE.match(tag)
    if chinese:
        return "zh-tw" if chinese[1] else "zh-cn"
    language = tag.partition("-")[0].lower()
    return "zh-cn" if language == "zh" else language


def _addresses(listed: Iterable[str], namespaces: str) -> bytes:
    inner = "".join(listed)
    return f'{_PROLOG}<urlset xmlns="{_SITEMAP}"{namespaces}>{inner}</urlset>\n'.encode()


def _part(part: SitemapPart) -> str:
    changed = build_element("lastmod", part.changed_at)
    return f"\n<sitemap><loc>{escape_text(part.address)}</loc>{changed}</sitemap>"


def _address(address: str, more: str) -> str:
    return f"\n<url><loc>{escape_text(address)}</loc>{more}</url>"


def _news(item: Item, site: str) -> str:
    return (
        f"<news:news><news:publication><news:name>{escape_text(site)}</news:name>"
        f"<news:language>{news_language(item.language)}</news:language></news:publication>"
        f"<news:publication_date>{item.published_at}</news:publication_date>"
        f"<news:title>{escape_text(item.title)}</news:title></news:news>"
    )
