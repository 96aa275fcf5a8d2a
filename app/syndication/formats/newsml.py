"""IPTC NewsML-G2 2.35: one story as a newsItem, a feed as a newsMessage."""

from app.kit.xml import build_element, escape_attribute, escape_text
from app.syndication.formats.memoized import memoize
from app.syndication.model.digital_sources import iptc_uri
from app.syndication.model.feed import Feed, WithdrawnItem
from app.syndication.model.item import Item, ItemImage
from app.syndication.model.media import Medium

MEDIA_TYPE = "application/vnd.iptc.g2.newsmessage+xml"
STORY_MEDIA_TYPE = "application/vnd.iptc.g2.newsitem+xml"
_PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n'
_NAMESPACE = 'xmlns="http://iptc.org/std/nar/2006-10-01/"'
_CATALOG = "http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_42.xml"


def render(feed: Feed) -> bytes:
    """Return a feed as a newsMessage."""
    header = f"<header><sent>{feed.updated}</sent>{build_element('origin', feed.site)}</header>"
    items = [_build_story(item, "") for item in feed.items]
    items += [_build_cancellation(gone, feed).encode() for gone in feed.withdrawn]
    items = items or [_build_empty_package(feed).encode()]
    before = f"{_PROLOG}<newsMessage {_NAMESPACE}>{header}<itemSet>"
    return b"".join([before.encode(), *items, b"</itemSet></newsMessage>\n"])


def _build_empty_package(feed: Feed) -> str:
    """Return a package without stories: a newsMessage must not be empty."""
    return (
        f'<packageItem guid="{escape_attribute(feed.id)}" version="1" standard="NewsML-G2" '
        'standardversion="2.35" conformance="power"><itemMeta><itemClass qcode="ninat:composite"/>'
        f'<provider literal="{escape_attribute(feed.site)}"/>'
        f"<versionCreated>{feed.updated}</versionCreated></itemMeta>"
        '<groupSet root="all"><group id="all" role="group:main"/></groupSet></packageItem>'
    )


def _build_cancellation(gone: WithdrawnItem, feed: Feed) -> str:
    """Return a newsItem with only the id and the status of a withdrawn story."""
    return (
        f'\n<newsItem guid="{gone.urn}" version="{gone.version}" standard="NewsML-G2" '
        f'standardversion="2.35" conformance="power"><catalogRef href="{_CATALOG}"/>'
        f'<itemMeta><itemClass qcode="ninat:text"/>'
        f'<provider literal="{escape_attribute(feed.site)}"/>'
        f'<versionCreated>{gone.at}</versionCreated><pubStatus qcode="stat:canceled"/>'
        f"{build_element('edNote', gone.reason)}</itemMeta></newsItem>"
    )


def render_story(item: Item) -> bytes:
    """Return one story as a newsItem."""
    return b"%b%b\n" % (_PROLOG.encode(), _build_story(item, f" {_NAMESPACE}"))


@memoize
def _build_story(item: Item, namespace: str) -> bytes:
    return "".join(
        (
            f'\n<newsItem{namespace} guid="{item.urn}" version="{item.version}" '
            'standard="NewsML-G2" standardversion="2.35" conformance="power" '
            f'xml:lang="{escape_attribute(item.language)}">',
            f'<catalogRef href="{_CATALOG}"/>',
            _rights(item),
            _item_meta(item),
            _content_meta(item),
            _content(item),
            "</newsItem>",
        )
    ).encode()


def _rights(item: Item) -> str:
    if item.rights is None:
        return ""
    holder, terms = item.rights["holder"], item.rights["usage_terms"]
    inner = f"<copyrightHolder>{build_element('name', holder)}</copyrightHolder>" if holder else ""
    inner += build_element("usageTerms", terms) + build_element(
        "usageTerms", item.rights["licence"]
    )
    return f"<rightsInfo>{inner}</rightsInfo>" if inner else ""


def _item_meta(item: Item) -> str:
    return "".join(
        (
            '<itemMeta><itemClass qcode="ninat:text"/>',
            _provider(item),
            f"<versionCreated>{item.updated_at}</versionCreated>",
            f"<firstCreated>{item.first_published_at}</firstCreated>",
            build_element("embargoed", item.embargoed_until),
            f'<pubStatus qcode="stat:{"canceled" if item.canceled else "usable"}"/>',
            f"<title>{escape_text(item.title)}</title>",
            *(
                f"<edNote>{escape_text(correction['note'])}</edNote>"
                for correction in item.corrections
                if correction["note"]
            ),
            f'<link rel="irel:isRenditionOf" href="{escape_attribute(item.link)}"/>',
            *map(_medium, item.media),
            "</itemMeta>",
        )
    )


def _medium(medium: Medium) -> str:
    address, type_ = escape_attribute(medium.url), escape_attribute(medium.type)
    title = build_element("title", medium.title)
    return f'<link rel="irel:seeAlso" href="{address}" contenttype="{type_}">{title}</link>'


def _provider(item: Item) -> str:
    if item.source is None:
        return '<provider literal="unknown"/>'
    name = escape_text(item.source["name"])
    return f'<provider uri="urn:uuid:{item.source["id"]}"><name>{name}</name></provider>'


def _content_meta(item: Item) -> str:
    byline = ", ".join(author["name"] for author in item.authors)
    return "".join(
        (
            "<contentMeta>",
            _icon(item.image) if item.image else "",
            f"<urgency>{item.urgency}</urgency>" if item.urgency else "",
            f"<contentCreated>{item.published_at}</contentCreated>",
            f"<contentModified>{item.updated_at}</contentModified>",
            _digital_source(item.digital_source_type),
            _build_concept("located", item.dateline),
            *(_build_concept("creator", author["name"], author["url"]) for author in item.authors),
            f'<language tag="{escape_attribute(item.language)}"/>',
            *(f"<keyword>{escape_text(tag)}</keyword>" for tag in item.tags),
            *(
                _build_concept("subject", category["name"], f"urn:uuid:{category['id']}")
                for category in item.categories
            ),
            f"<slugline>{escape_text(item.slug)}</slugline>",
            f"<headline>{escape_text(item.title)}</headline>",
            build_element("dateline", item.dateline),
            build_element("by", byline),
            _summary(item.summary),
            "</contentMeta>",
        )
    )


def _build_concept(tag: str, name: str | None, uri: str | None = None) -> str:
    """Return a concept with its URI, or with its name if it has none."""
    if not name:
        return ""
    which = f'uri="{escape_attribute(uri)}"' if uri else f'literal="{escape_attribute(name)}"'
    return f"<{tag} {which}>{build_element('name', name)}</{tag}>"


def _digital_source(code: str | None) -> str:
    return f'<digitalSourceType uri="{iptc_uri(code)}"/>' if code else ""


def _summary(text: str | None) -> str:
    return f'<description role="drol:summary">{escape_text(text)}</description>' if text else ""


def _icon(image: ItemImage) -> str:
    sizes = "".join(
        f' {name}="{size}"'
        for name, size in (("width", image["width"]), ("height", image["height"]))
        if size
    )
    return f'<icon href="{escape_attribute(image["url"])}"{sizes}/>'


def _content(item: Item) -> str:
    if item.body_html is None:
        return ""
    word_count = f' wordcount="{item.word_count}"' if item.word_count is not None else ""
    body = escape_text(item.body_html)
    return (
        f'<contentSet><inlineData contenttype="text/html"{word_count}>{body}'
        "</inlineData></contentSet>"
    )
