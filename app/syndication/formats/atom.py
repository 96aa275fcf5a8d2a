"""Atom (RFC 4287), with archive pages (RFC 5005) and tombstones (RFC 6721)."""

import html
import re

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
from app.syndication.model.feed import Feed, WithdrawnItem
from app.syndication.model.item import Item, ItemAuthor

MEDIA_TYPE = "application/atom+xml"
_MAIL = re.compile(r"<(?=[^<>\s@]+@[^<>\s@]+>)")
_NAMESPACES = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:at="http://purl.org/atompub/tombstones/1.0" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:fh="http://purl.org/syndication/history/1.0"'
)


def render(feed: Feed) -> bytes:
    """Return a feed as Atom."""
    parts = [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<feed {_NAMESPACES} '
        f'xml:lang="{_language(feed.language)}">',
        f"<id>{escape_text(feed.id)}</id>{_text('title', feed.title)}",
        f"<updated>{feed.updated}</updated>",
        f"<author><name>{_name(feed.site)}</name></author>",
        # The oldest page is not marked as archive: older stories may still be added to it.
        "<fh:archive/>" if feed.current and feed.archive else "",
        _link("self", feed.address, MEDIA_TYPE),
        _link("alternate", feed.home),
        _link("current", feed.current, MEDIA_TYPE),
        _link("prev-archive", feed.archive, MEDIA_TYPE),
        _link("hub", feed.hub),
    ]
    after = "".join([*(_tombstone(gone) for gone in feed.withdrawn), "</feed>\n"])
    return b"".join([encode_xml("".join(parts)), *map(_entry, feed.items), encode_xml(after)])


@memoize
def _entry(item: Item) -> bytes:
    content = build_feed_markup(item)
    parts = (
        f'\n<entry xml:lang="{_language(item.language)}"><id>{item.urn}</id>',
        _text("title", item.title),
        _link("alternate", item.link),
        *(_link("enclosure", medium.url, medium.type, medium.title) for medium in item.media),
        f"<published>{item.published_at}</published><updated>{item.updated_at}</updated>",
        *(_author(author) for author in item.authors),
        *(
            _category(category["slug"], category["name"].strip() or category["slug"])
            for category in item.categories
        ),
        *(_category(tag, tag) for tag in item.tags),
        build_element("dc:publisher", item.source["name"]) if item.source else "",
        _text("rights", _rights(item)),
        _text("summary", item.summary or (None if content else item.title)),
        f'<content type="html">{wrap_in_cdata(content)}</content>' if content else "",
        "</entry>",
    )
    return encode_xml("".join(parts))


def _language(tag: str) -> str:
    """Return a language that readers know; without one an entry inherits the feed's language."""
    return escape_attribute(to_iso_language(tag) or "und")


def _text(name: str, text: str | None) -> str:
    """Return a text construct; text that looks like markup is escaped as HTML."""
    if not text:
        return ""
    if "<" not in text and "&" not in text:
        return f"<{name}>{escape_text(text)}</{name}>"
    return f'<{name} type="html">{escape_text(html.escape(text, quote=False))}</{name}>'


def _link(rel: str, address: str | None, type_: str | None = None, title: str | None = None) -> str:
    if address is None:
        return ""
    attributes = f' type="{escape_attribute(type_)}"' if type_ else ""
    attributes += f' title="{escape_attribute(title)}"' if title else ""
    return f'<link rel="{rel}"{attributes} href="{escape_attribute(address)}"/>'


def _author(author: ItemAuthor) -> str:
    uri = build_element("uri", author["url"])
    return f"<author><name>{_name(author['name'])}</name>{uri}</author>"


def _name(name: str) -> str:
    """Return a name; a zero-width joiner keeps readers from taking a mail address for a tag."""
    return escape_plain(_MAIL.sub("<\u2060", name) if "@" in name else name)


def _category(term: str, label: str) -> str:
    escaped = escape_plain(label).replace('"', "&quot;")
    return f'<category term="{escape_attribute(term)}" label="{escaped}"/>'


def _rights(item: Item) -> str | None:
    if item.rights is None:
        return None
    texts = (item.rights["holder"], item.rights["usage_terms"], item.rights["licence"])
    return ". ".join(text for text in texts if text) or None


def _tombstone(gone: WithdrawnItem) -> str:
    comment = f"<at:comment>{escape_text(gone.reason)}</at:comment>"
    return f'\n<at:deleted-entry ref="{gone.urn}" when="{gone.at}">{comment}</at:deleted-entry>'
