"""No format contains an element or an attribute outside the allow-list, as a browser parses it."""

import json
from collections.abc import Iterator
from html import unescape
from typing import Any
from xml.etree import ElementTree

import html5lib
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.content.allow_list import ATTRIBUTES, TAGS
from app.content.body_text import render_text
from app.kit import json as compact
from app.syndication.formats import FEEDS, STORIES
from app.syndication.model.addresses import Addresses
from app.syndication.model.item import Item, build_item
from tests.repetitions import repetitions
from tests.syndication.formats.examples import BARE, feed

OFTEN = settings(
    max_examples=repetitions(60), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
# Elements that the formats add themselves.
ADDED = {("a", "rel"), ("p", "class")}
ADDRESSES = {"href", "src", "cite", "poster"}
SCHEMES = ("http:", "https:", "mailto:", "tel:")
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
ATOM = "{http://www.w3.org/2005/Atom}"
G2 = "{http://iptc.org/std/nar/2006-10-01/}"

# An address that was stored before hosts were checked.
BASES = st.sampled_from(
    [
        'https://127.0.0.1"onerror="alert(1)"y="',
        "https://a'onerror='alert(1)'y='/",
        "https://a><script>alert(1)</script>/",
        "https://user:word@a.example/",
        "https://a|b\u202ec.example/<b>",
        "https://a.example/>)<img src=x onerror=alert(1)>",
        "https://a.example/d/",
        "https://[::1",
    ]
)
PIECES = st.sampled_from(
    [
        '<img src="a.png"',
        '<a href="b"',
        '<video poster="c"',
        '<video src="c" controls',
        '<audio src="d"',
        '<img srcset="a 1x, //b/ 2x" sizes="50vw"',
        '<img data-src="e.png" data-srcset="f 3x"',
        '<picture><source data-srcset="g, h 2x"',
        '<track src="t" kind="captions"',
        '<iframe src="//frame.example/&quot;x" title="](x)"',
        "</iframe>",
        '<object data="o"',
        '<a href="#n1"',
        ' id="n1"',
        ' id="word"',
        ' name="n1"',
        '<a href="#word"',
        "<section>",
        "<x-card>",
        "<li value=2",
        "<ol type=a start=x",
        ' rel="nofollow"',
        '<blockquote cite="e"',
        '<q cite="f"',
        '<bdo dir="rtl"',
        "<code",
        "<pre",
        "<table><tr><td",
        "<ruby><rt",
        "<li",
        ' alt="x href="',
        ' title="x controls="',
        ' alt="y onerror=alert(1) z"',
        ' title="<img alt="',
        " title='</bdo><video '",
        ' title="`"',
        ' alt="](x) ![y](z)"',
        ' src="javascript:alert(1)"',
        ' href=" //a&quot;b/"',
        ' href="https://u@a/"',
        " onerror=alert(1)",
        ">",
        "`",
        "``",
        "&lt;script&gt;",
        "<script>",
        "</code>",
        "</bdo>",
        "</a>",
        "](<",
        "![",
        "[a]: javascript:x",
        "\n",
        "\n\n    ",
        "~~~",
        "*",
        "\\",
        "]]>",
        "-->",
        "text",
    ]
)
BODIES = st.lists(PIECES, max_size=16).map("".join)


@OFTEN
@given(BASES, BODIES)
@example('https://127.0.0.1"onerror="alert(1)"y="', '<img src="a.png">')
@example("https://a.example/", '<img alt="x href=" title="y onerror=alert(1) z" src="a">')
@example("https://a.example/", '<video title="x controls=" src="y" poster="z onerror=a">')
@example("https://a.example/", '<p title="<video "><video title=" controls=" src="b">')
def test_no_format_contains_markup_outside_the_allow_list(base: str, body: str) -> None:
    for frames in (frozenset[str](), frozenset({"frame.example"})):
        for item in (story(base, body, None, frames), story(base, body, base, frames)):
            for name, markup in list_markup(item):
                assert (name, list(find_forbidden(markup))) == (name, [])


@OFTEN
@given(BASES)
def test_json_ld_cannot_end_a_script_and_csv_cannot_begin_a_formula(base: str) -> None:
    item = story(base, "", None)
    assert b"<" not in STORIES["jsonld"].render(item)
    assert not FEEDS["csv"].render(feed(item)).startswith((b"=", b"@"))


def story(
    base: str, body: str, resolved_by: str | None, frames: frozenset[str] = frozenset()
) -> Item:
    """Return a story with an address, whose body was resolved when it was stored, or was not."""
    document: dict[str, Any] = {
        **BARE,
        "url": base,
        "body_html": render_text(body, "html", frames=frames).resolve(resolved_by).markup,
        "summary": "S",
        "image": {"url": base, "alt": "](x)", "credit": None, "width": None, "height": None},
        "authors": [{"name": "N", "url": base}],
    }
    return build_item(compact.dumps(document), Addresses("https://api.example"))


def list_markup(item: Item) -> Iterator[tuple[str, str]]:
    """Yield the HTML that readers of each format see."""
    rss = ElementTree.fromstring(FEEDS["rss"].render(feed(item)))
    yield "rss", rss.findtext(f"channel/item/{CONTENT}") or ""
    yield "rss description", rss.findtext("channel/item/description") or ""
    atom = ElementTree.fromstring(FEEDS["atom"].render(feed(item)))
    yield "atom", atom.findtext(f"{ATOM}entry/{ATOM}content") or ""
    yield "json", json.loads(FEEDS["json"].render(feed(item)))["items"][0].get("content_html", "")
    for body in json.loads(STORIES["ninjs"].render(item)).get("bodies", []):
        yield "ninjs", body["value"] if body["contentType"] == "text/html" else ""
    newsml = ElementTree.fromstring(STORIES["newsml"].render(item))
    yield "newsml", newsml.findtext(f"{G2}contentSet/{G2}inlineData") or ""
    written = STORIES["md"].render(item).decode().partition("\n---\n")[2]
    commonmark = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    yield "md", commonmark.render(written)


def find_forbidden(markup: str) -> Iterator[str]:
    """Yield the elements, attributes and addresses that should not be there."""
    for element in html5lib.parseFragment(markup, namespaceHTMLElements=False).iter():
        if not isinstance(element.tag, str) or element.tag == "DOCUMENT_FRAGMENT":
            continue
        if element.tag not in TAGS:
            yield f"<{element.tag}>"
        for name, value in element.attrib.items():
            allowed = name in ATTRIBUTES["*"] | ATTRIBUTES.get(element.tag, set())
            if not allowed and (element.tag, name) not in ADDED:
                yield f"{element.tag} {name}"
            yield from (
                f"{name}={address}"
                for address in addresses_in(name, value)
                if not unescape(address).lower().startswith(SCHEMES)
            )


def addresses_in(name: str, value: str) -> list[str]:
    """Return the addresses in an attribute."""
    if name == "srcset":
        return [candidate.partition(" ")[0] for candidate in value.split(", ")]
    return [value] if name in ADDRESSES else []
