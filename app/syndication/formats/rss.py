"""RSS 2.0, with the namespace extensions that readers expect."""

import html
from datetime import date
from urllib.parse import quote

from app.kit.xml import (
    build_element,
    encode_xml,
    escape_attribute,
    escape_plain,
    escape_text,
    wrap_in_cdata,
)
from app.syndication.formats.feed_markup import build_feed_markup
from app.syndication.formats.iso_languages import to_iso_language
from app.syndication.formats.memoized import memoize
from app.syndication.model.feed import Feed
from app.syndication.model.item import Item, ItemImage
from app.syndication.model.media import Medium

MEDIA_TYPE = "application/rss+xml"
_DAYS = "Mon Tue Wed Thu Fri Sat Sun".split()
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_EXCERPT = 300
_NAMESPACES = (
    'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/'
    'content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:media="http://search.yahoo.com/mrss/"'
)


def render(feed: Feed) -> bytes:
    """Return a feed as RSS."""
    parts = [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" {_NAMESPACES}><channel>',
        f"<title>{escape_plain(feed.title)}</title><link>{escape_text(feed.home)}</link>",
        f"<description>{escape_plain(feed.title)}</description>",
        build_element("language", to_iso_language(feed.language)),
        f"<lastBuildDate>{rfc822_date(feed.updated)}</lastBuildDate>",
        f'<atom:link href="{escape_attribute(feed.address)}" rel="self" type="{MEDIA_TYPE}"/>',
        f'<atom:link href="{escape_attribute(feed.hub)}" rel="hub"/>' if feed.hub else "",
    ]
    items = [_item(item, feed.own) for item in feed.items]
    return b"".join([encode_xml("".join(parts)), *items, b"</channel></rss>\n"])


def rfc822_date(instant: str) -> str:
    """Return an RFC 3339 instant in UTC as an RFC 822 date."""
    year, month, day = int(instant[:4]), int(instant[5:7]), int(instant[8:10])
    weekday = _DAYS[date(year, month, day).weekday()]
    return f"{weekday}, {day:02} {_MONTHS[month - 1]} {year:04} {instant[11:19]} GMT"


@memoize
def _item(item: Item, own: str) -> bytes:
    content = build_feed_markup(item)
    names = [
        *(category["name"].strip() or category["slug"] for category in item.categories),
        *item.tags,
    ]
    parts = (
        f"\n<item><title>{escape_plain(item.title)}</title><link>{escape_text(item.link)}</link>"
        f'<guid isPermaLink="false">{item.urn}</guid>'
        f"<pubDate>{rfc822_date(item.published_at)}</pubDate>",
        *(f"<dc:creator>{escape_plain(author['name'])}</dc:creator>" for author in item.authors),
        build_element("dc:language", to_iso_language(item.language)),
        *(f"<category>{escape_plain(name)}</category>" for name in names),
        _source(item, own),
        _description(item),
        f"<content:encoded>{wrap_in_cdata(content)}</content:encoded>" if content else "",
        _enclosure(item.media[0]) if item.media else "",
        _media(item.image) if item.image else "",
        *map(_film, item.media),
        "</item>",
    )
    return encode_xml("".join(parts))


def _source(item: Item, own: str) -> str:
    if item.source is None:
        return ""
    address = f"{own}/feeds/sources/{quote(item.source['slug'])}.rss"
    name = escape_plain(item.source["name"])
    return f'<source url="{escape_attribute(address)}">{name}</source>'


def _description(item: Item) -> str:
    """Return the summary, or the beginning of the body, escaped: readers parse it as HTML."""
    text = item.summary
    if text is None and item.body_html:
        text = _excerpt(item.body_text or "")
    if text is None:
        return ""
    return f"<description>{wrap_in_cdata(html.escape(text, quote=False))}</description>"


def _excerpt(text: str) -> str:
    if len(text) <= _EXCERPT:
        return text
    return (text[:_EXCERPT].rpartition(" ")[0] or text[:_EXCERPT]) + "…"


def _media(image: ItemImage) -> str:
    sizes = "".join(
        f' {name}="{size}"'
        for name, size in (("width", image["width"]), ("height", image["height"]))
        if size
    )
    inner = ""
    if image["alt"]:
        inner += f'<media:description type="html">{_html(image["alt"])}</media:description>'
    if image["credit"]:
        inner += f"<media:credit>{escape_plain(image['credit'])}</media:credit>"
    address = escape_attribute(image["url"])
    return f'<media:content url="{address}" medium="image"{sizes}>{inner}</media:content>'


def _enclosure(medium: Medium) -> str:
    """Return the one file that podcast players look for; its length is unknown."""
    address = escape_attribute(medium.url)
    return f'<enclosure url="{address}" length="0" type="{escape_attribute(medium.type)}"/>'


def _film(medium: Medium) -> str:
    title = f'<media:title type="html">{_html(medium.title)}</media:title>' if medium.title else ""
    address, type_ = escape_attribute(medium.url), escape_attribute(medium.type)
    start = f'<media:content url="{address}" medium="{medium.kind}" type="{type_}">'
    return f"{start}{title}</media:content>"


def _html(text: str) -> str:
    return escape_text(html.escape(text, quote=False))
