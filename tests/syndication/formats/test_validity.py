"""RSS and Atom are valid with all values, with none and with hostile text."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.content.body_text import sanitise_html
from app.syndication.formats import FEEDS
from app.syndication.model.feed import Feed
from tests.repetitions import repetitions
from tests.syndication.formats.examples import HOSTILE, ID, bare, feed, item
from tests.syndication.formats.validator import find_errors

ALL = ("rss", "atom")
NEVER = "\ufdd0\ufdef\U0001fffe\U0010ffff"
TEXTS = (
    HOSTILE,
    NEVER,
    "\x07",
    "AT&T & <b>bold</b> &amp;amp; &lt;i&gt; &#38; &2 a</p>",
    "Noor <noor@news.example>",
    "two\nlines & <more>\r\rand three",
    "quotes \" and ' and ]]> 🐝 المغرب",
    "cafÃ© Â« MANHÃ\xa0»",
)
PICTURE = {"url": "https://i.example/ä", "width": 0, "height": 1}
PIECES = ["</b>", "<b>", "</", "&amp;", "&#", "&", "&lt", "1", "<a@b.example>", '"', "z", " "]


def build_feed(text: str) -> Feed:
    """Return a feed with a text in every field that people write."""
    thing = {"id": ID, "slug": "s", "name": text, "url": "https://a.example/é?q=|"}
    fields: dict[str, Any] = {
        "title": text,
        "summary": text,
        "source": thing,
        "categories": [thing],
        "tags": [text],
        "authors": [{"name": text, "url": "https://a.example/é"}],
        "image": {
            "url": "https://i.example/ä",
            "alt": text,
            "credit": text,
            "width": 0,
            "height": 1,
        },
        "rights": {"holder": text, "usage_terms": text, "licence": text},
        "body_html": sanitise_html(f"<p>{text}</p><p>{text.replace('<', '&lt;')}"),
        "body_text": text,
    }
    # Names of feeds are one line, like titles.
    title = item(**fields).title
    return feed(item(**fields), bare(title=text, summary=text), site=title, title=title)


@pytest.mark.parametrize("ext", ALL)
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_any_text_is_valid_in_every_feed(ext: str, text: str) -> None:
    assert find_errors(FEEDS[ext].render(build_feed(text))) == []


@settings(max_examples=repetitions(20), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join))
@example("&amp;2</b>")
def test_any_mix_of_markup_and_text_is_valid(text: str) -> None:
    line = " ".join(text.split()) or "z"
    for ext in ALL:
        assert find_errors(FEEDS[ext].render(build_feed(line))) == []


@pytest.mark.parametrize("ext", ALL)
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"body_html": None, "body_text": None},
        {"body_html": "<p></p>", "body_text": ""},
        {"body_html": "<p>" + "Bees 🐝 المغرب ]] " * 90_000 + "</p>"},
        {"title": "\x07"},
        {"categories": [{"id": ID, "slug": "s", "name": "\x07"}], "tags": ["\x07"]},
        {"categories": [{"id": ID, "slug": "s", "name": "\x80 \x80"}], "tags": ["\x80 \x80"]},
        {"authors": [{"name": "\x07", "url": None}]},
        {"language": "arz"},
        {"language": "xyz"},
    ],
    ids=[
        "nothing",
        "short",
        "empty",
        "2 MB",
        "title",
        "names",
        "blanks",
        "author",
        "Egyptian",
        "unknown",
    ],
)
def test_missing_values_are_valid(ext: str, fields: dict[str, Any]) -> None:
    assert find_errors(FEEDS[ext].render(feed(bare(**fields)))) == []


MARKUP = [
    '<a href="b c">x</a><img src="//i.example/x y"><img alt="x" src="p.png"><a href="">y</a>',
    '<p onclick="x()" style="position:fixed">x<script>alert(1)</script><iframe src="/x"></iframe>',
    "<ul><li>one<li>two</ul><table><tr><td>x</table><p>a<p>b</p></b><blockquote>",
    f"<p>x{NEVER}y&#xFDD0;&#128;&copy&nbsp;&lt;b></p>\r\n\x0c",
    '<svg><script>1</script></svg><math><mi>x</mi></math><video src="v.mp4"></video>',
    '<video controls src="v.mp4"></video><audio controls=""></audio><bdo dir="rtl">x</bdo>',
    "<h1><section><h2>x</h2></section></h1><p><marquee><p>y</p></marquee></p>",
    "<ul><li>x<section><li>y</section></ul><a href=x><button><a href=y>z</a></button></a>",
    "<dd><summary>x<dt>y</summary></dd><ul><li><figcaption><b><li>x</figcaption></ul>",
    "<dd><ruby>x<b>y<rp>(<rt>z</b></ruby></dd>",
    """<img src="https://a.example/x" alt="say src=x and src='y'">""",
]


@pytest.mark.parametrize("ext", ALL)
@pytest.mark.parametrize("markup", MARKUP, ids=range(len(MARKUP)))
def test_any_body_is_valid(ext: str, markup: str) -> None:
    story = item(body_html=sanitise_html(markup), url="https://publisher.example/x/")
    assert find_errors(FEEDS[ext].render(feed(story))) == []


BROKEN: dict[str, tuple[bytes, bytes]] = {
    "ContainsHTML": (b"Bees", b"Bees&lt;/b&gt;"),
    "CharacterData": (b"<title>Bees</title>", b"<title>Bees &amp;lt; b</title>"),
    "InvalidRFC2822Date": (b"Mon, 12 Jan 2026", b"2026-01-12"),
    "IncorrectDOW": (b"Mon, 12 Jan", b"Tue, 12 Jan"),
    "InvalidUUID": (b"urn:uuid:", b"urn:uuid:x"),
    "MissingElement guid": (b"guid", b"comments"),
    "MissingSelf": (b'rel="self"', b'rel="alternate"'),
    "InvalidFullLink": (b"<link>https:", b"<link>/https"),
    "InvalidLanguage": (b"<language>en", b"<language>English "),
    "InvalidLanguage arz": (b"<dc:language>en", b"<dc:language>arz"),
    "ImplausibleDate": (b"Mon, 12 Jan 2026", b"Sun, 12 Jan 1986"),
    "SecurityRisk bdo": (b"<description><![CDATA[", b"<description><![CDATA[<bdo>x</bdo>"),
    "SecurityRiskAttr controls": (b"<![CDATA[", b"<![CDATA[<audio controls></audio>"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_the_validator_reports_broken_feeds(what: str) -> None:
    whole = FEEDS["rss"].render(feed(bare(summary="x")))
    broken = whole.replace(*BROKEN[what])
    assert broken != whole
    assert what in " ".join(find_errors(broken))
