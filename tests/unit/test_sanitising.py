"""Sanitising of HTML: only elements and attributes on the allow-list stay."""

from html.parser import HTMLParser
from pathlib import Path
from tarfile import open as open_archive

import pytest
from html5lib import HTMLParser as HtmlParser
from hypothesis import given
from hypothesis import strategies as st

from app.content.body_text import sanitise_html

EXECUTABLE = {"script", "iframe", "object", "embed", "style", "link", "meta", "form", "svg", "math"}
EXECUTABLE |= {"base", "frame", "frameset", "applet", "input", "button", "template", "noscript"}
SCHEMES = ("http:", "https:", "mailto:", "tel:")
PIECES = st.sampled_from(
    [
        "<script>",
        "</script>",
        "<p",
        ">",
        "<",
        "'",
        '"',
        " onclick=x",
        " href=",
        "javascript:",
        "/",
        "<svg>",
        "<math>",
        "<style>",
        "</style>",
        "<!--",
        "-->",
        "<a",
        "<img src=",
        "&#106;",
        "\x00",
        "<table>",
        "<noscript>",
        "<title>",
        "\t",
        "data:text/html,",
        "<iframe srcdoc=",
        "<iframe src=//a.example>",
        "</iframe>",
        "<img srcset='a 1x, javascript:b 2x'",
        "<img data-src=",
        "<section>",
        "</section>",
        "<x-card>",
        "<td>",
        "<select><option>",
        "<picture><source srcset=",
        "<object data=",
        "<embed src=",
        "<xmp>",
        "</xmp>",
        "<p id=n1>",
        "<a href=#n1>",
        "<a name=word href=#word>",
        " rel='nofollow'",
        "é",
        "x",
    ]
)


class Inspector(HTMLParser):
    """Collects what a browser might run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in EXECUTABLE:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "srcdoc", "formaction", "name"}:
                self.found.append(f"{tag} {name}")
            if name in {"href", "src", "cite", "poster", "data", "action"} and value:
                self._address(value)
            for candidate in (value or "").split(", ") if name == "srcset" else ():
                self._address(candidate.partition(" ")[0])

    def _address(self, value: str) -> None:
        compact = "".join(value.split()).lower()
        colon = compact.partition("/")[0].partition("?")[0].partition("#")[0]
        if ":" in colon and not compact.startswith(SCHEMES):
            self.found.append(value)


def find_dangers(markup: str) -> list[str]:
    """Parse markup and return its dangerous parts."""
    inspector = Inspector()
    inspector.feed(markup)
    inspector.close()
    return inspector.found


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("<script>alert(1)</script>ok", "ok"),
        ("<style>p{}</style>ok", "ok"),
        ("<iframe src='javascript:alert(1)'>x</iframe>ok", "ok"),
        ('<p onclick="x()" style="color:red" class="a" id="b">ok</p>', "<p>ok</p>"),
        ('<p lang="ar" dir="rtl" title="t">ok</p>', '<p lang="ar" dir="rtl" title="t">ok</p>'),
        ("<form><input><button>b</button></form>", "<div>b</div>"),
        ("<object><embed></object><p>ok", "<p>ok</p>"),
        ("<svg><script>1</script><a xlink:href='javascript:1'>x</a></svg>", None),
        ("<!-- c --><p>ok</p>", "<p>ok</p>"),
        ('<img src="data:image/png;base64,AA" alt="a">', ""),
        ('<a id="b" name="c">ok</a>', '<a rel="noopener noreferrer">ok</a>'),
        ('<img src="https://x.example/a.png">', '<img src="https://x.example/a.png">'),
        ("<b>unclosed", "<b>unclosed</b>"),
        ("1 < 2 & 3", "1 &lt; 2 &amp; 3"),
    ],
)
def test_hostile_html_is_made_harmless(hostile: str, harmless: str | None) -> None:
    cleaned = sanitise_html(hostile)
    assert find_dangers(cleaned) == []
    if harmless is not None:
        assert cleaned == harmless


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "\x01javascript:a()",
        "&#106;avascript:alert(1)",
        "vbscript:x",
        "data:text/html,<script>",
        "file:///etc/passwd",
        "java&Tab;script:a()",
        " javascript:a()",
        "blob:https://x.example/1",
        "ftp://x.example/a",
    ],
)
@pytest.mark.parametrize("base", [None, "https://site.example/news/"])
def test_addresses_of_other_schemes_are_dropped(address: str, base: str | None) -> None:
    cleaned = sanitise_html(f'<a href="{address}">x</a><img src="{address}">', base)
    assert "href" not in cleaned
    assert "src" not in cleaned


@pytest.mark.parametrize(
    ("address", "resolved"),
    [
        ("/a", "https://site.example/a"),
        ("b.html", "https://site.example/news/b.html"),
        ("../c?d=1#e", "https://site.example/c?d=1#e"),
        ("//cdn.example/f", "https://cdn.example/f"),
        ("#note", "https://site.example/news/1#note"),
        ("https://other.example/", "https://other.example/"),
        ("mailto:desk@site.example", "mailto:desk@site.example"),
    ],
)
def test_relative_addresses_are_resolved_against_the_base(address: str, resolved: str) -> None:
    cleaned = sanitise_html(f'<a href="{address}">x</a>', "https://site.example/news/1")
    assert f'href="{resolved}"' in cleaned


def test_a_relative_address_stays_unchanged_without_a_base() -> None:
    sanitise_html('<a href="/a">x</a>', "https://site.example/")
    assert 'href="/a"' in sanitise_html('<a href="/a">x</a>')


def test_links_send_no_referrer() -> None:
    cleaned = sanitise_html('<a href="https://x.example/" rel="opener" target="_blank">x</a>')
    assert cleaned == '<a href="https://x.example/" rel="noopener noreferrer">x</a>'


@given(st.lists(PIECES, max_size=14).map("".join))
def test_broken_markup_cannot_bypass_the_sanitiser(markup: str) -> None:
    cleaned = sanitise_html(markup, "https://site.example/")
    assert find_dangers(cleaned) == []
    assert sanitise_html(cleaned, "https://site.example/") == cleaned


def test_the_inspector_of_this_test_finds_dangers() -> None:
    assert find_dangers("<script>") == ["<script>"]
    assert find_dangers('<p OnClick="x">') == ["p onclick"]
    assert find_dangers('<a href="java\tscript:x">') == ["java\tscript:x"]
    assert find_dangers('<a href="/a:b?c:d">') == []


def test_all_745_hostile_feeds_become_harmless(shared: Path) -> None:
    survivors = {}
    count = 0
    with open_archive(shared / "feeds" / "feedparser-sanitize.tar.gz") as archive:
        for member in archive:
            opened = archive.extractfile(member) if member.name.endswith(".xml") else None
            if opened is None:
                continue
            count += 1
            feed = opened.read().decode("utf-8", errors="replace")
            for markup in (feed, _unescape(feed)):
                cleaned = sanitise_html(markup, "https://site.example/")
                if dangers := find_dangers(cleaned):
                    survivors[member.name] = dangers
                assert sanitise_html(cleaned, "https://site.example/") == cleaned
    assert count == 745
    assert survivors == {}


def _unescape(feed: str) -> str:
    """Return the content of the feed, as a feed reader would see it."""
    from html import unescape

    return unescape(feed.replace("<![CDATA[", "").replace("]]>", ""))


@pytest.mark.parametrize(
    "markup",
    [
        "<h1>a<section><h2>b</h2></section></h1>",
        "<p>a<marquee><p>b</marquee>c",
        "<ul><li>a<section><li>b</section></ul>",
        '<a href="/1">a<button><a href="/2">b</a></button></a>',
        "<p>a<select><option>b<option>c</select>d</p>",
        "<p>a<iframe src=//b.example></iframe>c",
        "<ul><iframe src=//b.example></iframe><li>c</ul>",
        "<table><tr><td>a</table><td>b</td><tr>c",
        "<xmp><b>a</xmp><listing>b</listing>",
    ],
)
def test_sanitised_markup_is_correctly_nested(markup: str) -> None:
    cleaned = sanitise_html(markup)
    assert sanitise_html(cleaned) == cleaned
    HtmlParser(strict=True).parseFragment(cleaned)


@pytest.mark.parametrize(
    ("markup", "clean"),
    [
        (
            '<a href="/x" rel="NOFOLLOW sponsored evil opener ugc">x</a>',
            '<a href="/x" rel="noopener noreferrer nofollow sponsored ugc">x</a>',
        ),
        (
            '<a href="/x" rel="nofollow">x</a><a href="/y">y</a>',
            '<a href="/x" rel="noopener noreferrer nofollow">x</a>'
            '<a href="/y" rel="noopener noreferrer">y</a>',
        ),
        (
            '<A HREF="/x" REL="nofollow">x</A>',
            '<a href="/x" rel="noopener noreferrer nofollow">x</a>',
        ),
        (
            '<ol type="a" start="3" reversed><li value="7">x</li></ol>',
            '<ol type="a" start="3" reversed=""><li value="7">x</li></ol>',
        ),
        ('<ol type="i" start=" -2 ">', '<ol type="i" start="-2"></ol>'),
        ('<ol type="disc" start="x"><li value="1e3">y</ol>', "<ol><li>y</li></ol>"),
        (
            '<video src="/v" poster="/p"><track src="/t" kind="captions" srclang="en" label="E"'
            " default>",
            '<video controls="" src="/v" poster="/p"><track src="/t" kind="captions" srclang="en" '
            'label="E" default=""></video>',
        ),
        ('<audio src="/a" autoplay loop></audio>', '<audio controls="" src="/a"></audio>'),
        ('<audio controls="" src="/a"></audio>', '<audio controls="" src="/a"></audio>'),
        ('<video data-src="/v"></video>', '<video controls="" src="/v"></video>'),
        (
            '<video><source data-src="/v" type="video/mp4"></video>',
            '<video controls=""><source type="video/mp4" src="/v"></video>',
        ),
    ],
)
def test_meaningful_elements_are_kept(markup: str, clean: str) -> None:
    assert sanitise_html(markup) == clean
    assert sanitise_html(clean) == clean
