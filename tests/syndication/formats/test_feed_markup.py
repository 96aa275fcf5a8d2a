"""Bodies in RSS and Atom have no markup that feed readers reject, and the same text."""

import pytest

from app.content.body_text import sanitise_html
from app.syndication.formats import FEEDS
from app.syndication.formats.feed_markup import build_feed_markup
from tests.syndication.formats.examples import bare, feed

_CASES = {
    '<video controls src="v.mp4" title="a > b"></video>': (
        '<video src="https://a.example/v.mp4" title="a &gt; b"></video>'
        ' <a href="https://a.example/v.mp4">a &gt; b</a> '
    ),
    '<audio controls=""><source src="a.mp3"></audio>': (
        '<audio><source src="https://a.example/a.mp3"></audio>'
        ' <a href="https://a.example/a.mp3">a.mp3</a> '
    ),
    '<p title=" controls=x">controls</p>': '<p title=" controls=x">controls</p>',
    '<bdo dir="rtl" lang="ar">ab</bdo> c': ('<span dir="rtl" lang="ar">\u202eab\u202c</span> c'),
    '<bdo>a<bdo dir="LTR" title="a > b">b</bdo>c</bdo>': (
        '<span>a<span dir="LTR" title="a &gt; b">\u202db\u202c</span>c</span>'
    ),
    "<bdi>a</bdi>": "<bdi>a</bdi>",
    "<dd>a<summary><div><dt lang=fr>b</dt></div></summary></dd>": (
        '<div>a<summary><div><div lang="fr">b</div></div></summary></div>'
    ),
    "<dl><div><dt>a</dt><dd>b<figcaption>c</figcaption></dd></div></dl>": (
        "<dl><div><dt>a</dt><dd>b<figcaption>c</figcaption></dd></div></dl>"
    ),
    "<summary><ul><li>a<br></li></ul></summary>": "<summary><ul><li>a<br></li></ul></summary>",
    "<ruby>a<b>b<rt>c</rt></b></ruby>": "<ruby>a<b>b<span>c</span></b></ruby>",
    "<ruby>a<rp>(</rp><rt>b</rt></ruby>": "<ruby>a<rp>(</rp><rt>b</rt></ruby>",
    '<img alt="src=a b" src="/?src=a">': ('<img alt="src&#61;a b" src="https://a.example/?src=a">'),
}


@pytest.mark.parametrize("markup", _CASES)
def test_unknown_markup_is_replaced_by_known_markup(markup: str) -> None:
    story = bare(body_html=sanitise_html(markup, "https://a.example/"))
    assert build_feed_markup(story) == _CASES[markup]


@pytest.mark.parametrize("ext", ["rss", "atom"])
def test_rss_and_atom_have_rewritten_bodies_and_json_feed_the_original(ext: str) -> None:
    story = bare(body_html='<p><bdo dir="rtl">ab</bdo></p>')
    assert "\u202eab\u202c" in FEEDS[ext].render(feed(story)).decode()
    assert b"<bdo" in FEEDS["json"].render(feed(story))
