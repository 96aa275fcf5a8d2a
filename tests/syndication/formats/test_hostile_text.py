"""For any text, the output is well formed and has the same text."""

import csv
import io
import json
import re
from html import unescape
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.content.body_text import extract_text, sanitise_html
from app.kit.xml import remove_illegal
from app.syndication.formats import FEEDS, STORIES, sitemap
from app.syndication.formats.corrections import append_corrections
from app.syndication.model.markdown import render_markdown
from tests.repetitions import repetitions
from tests.syndication.formats.examples import HOSTILE, feed, hostile, item

# As input accepts it: no U+0000, no lone surrogates, and text between outer spaces.
TEXTS = (
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
    .map(str.strip)
    .filter(bool)
)
PIECES = st.sampled_from(
    ["]]>", "<![CDATA[", "<b>", "</b>", "&amp;", "&", "--", "*", "_", "`", "1.", "#", "|", "a", " "]
)
NASTY = st.one_of(TEXTS, st.lists(PIECES, min_size=1).map("".join).map(str.strip).filter(bool))
OFTEN = settings(
    max_examples=repetitions(60), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
JOINER = "\u2060"
ATOM = "{http://www.w3.org/2005/Atom}"
G2 = "{http://iptc.org/std/nar/2006-10-01/}"


@OFTEN
@given(NASTY)
@example(HOSTILE)
def test_xml_is_well_formed_and_contains_the_title(text: str) -> None:
    story = hostile(text)
    rss, atom = (ElementTree.fromstring(FEEDS[ext].render(feed(story))) for ext in ("rss", "atom"))
    assert _is_equal(rss.findtext("channel/item/title"), story.title)
    title = atom.find(f"{ATOM}entry/{ATOM}title")
    assert title is not None
    title_text = title.text or ""
    assert _is_equal(
        unescape(title_text) if title.get("type") == "html" else title_text, story.title
    )
    newsml = ElementTree.fromstring(STORIES["newsml"].render(story))
    assert _is_equal(newsml.findtext(f"{G2}contentMeta/{G2}headline"), story.title)
    news = ElementTree.fromstring(sitemap.render_news([story], "Site"))
    assert any(
        _is_equal(element.text, story.title)
        for element in news.iter()
        if element.tag.endswith("title")
    )


@OFTEN
@given(NASTY)
@example(HOSTILE)
def test_bodies_survive_xml_unchanged(text: str) -> None:
    story = hostile(text)
    rss = ElementTree.fromstring(FEEDS["rss"].render(feed(story)))
    encoded = rss.findtext("channel/item/{http://purl.org/rss/1.0/modules/content/}encoded")
    atom = ElementTree.fromstring(FEEDS["atom"].render(feed(story)))
    content = atom.findtext(f"{ATOM}entry/{ATOM}content")
    newsml = ElementTree.fromstring(FEEDS["newsml"].render(feed(story)))
    inline = next(newsml.iter(f"{G2}inlineData")).text
    for actual, meant in (
        (encoded, append_corrections(story)),
        (content, append_corrections(story)),
        (inline, story.body_html),
    ):
        assert _is_equal(actual, meant or "")


@OFTEN
@given(NASTY)
@example(HOSTILE)
def test_json_and_csv_have_the_same_text(text: str) -> None:
    story = hostile(text)
    assert json.loads(FEEDS["json"].render(feed(story)))["items"][0]["title"] == story.title
    assert json.loads(STORIES["ninjs"].render(story))["title"] == story.title
    linked = STORIES["jsonld"].render(story)
    assert b"<" not in linked
    assert json.loads(linked)["headline"] == story.title
    rows = list(csv.DictReader(io.StringIO(FEEDS["csv"].render(feed(story)).decode(), newline="")))
    mark = "'" if story.title.startswith(("=", "+", "-", "@", "\t", "\r")) else ""
    assert [row["title"] for row in rows] == [mark + story.title]


@OFTEN
@given(NASTY)
@example("1. a")
@example("a\\")
@example("`")
def test_markdown_of_a_text_reads_as_that_text(text: str) -> None:
    bare = remove_illegal(text)
    markup = sanitise_html(f"<p>{bare.replace('&', '&amp;').replace('<', '&lt;')}</p>")
    assert (
        extract_text(_render_markdown(render_markdown(markup))).split()
        == extract_text(markup).split()
    )


MARKUP = [
    "<h2>Hives</h2><p>Eleven, <b>all </b>humming.</p>",
    "<ul><li>one</li><li><p>two</p><ul><li>inner</li></ul></li></ul>",
    '<ol start="3"><li>three</li><li>four<br>and more</li></ol>',
    "<blockquote><p>Said.</p><p>Twice.</p></blockquote><hr><p>End.</p>",
    "<pre>if a < b:\n    ``` run\n</pre><p>x <code>a `b` c</code></p>",
    "<table><tr><th>a</th><th>b|c</th></tr><tr><td>1</td><td><p>2</p></td></tr></table>",
    '<p>A <a href="https://a.example/b(c)_d">link</a> and <em>more</em><br>2. words</p>',
    "<figure><img src='https://a.example/i.png' alt='x'><figcaption>Seen.</figcaption></figure>",
    "<dl><dt>Term</dt><dd>Meaning</dd></dl><details><summary>S</summary><p>T</p></details>",
    "<p>open <b>bold <i>both</p><p>next</p>",
    "<p>- not a list</p><p>+ nor this</p><p># nor a heading</p><p>===</p>",
]


@pytest.mark.parametrize("markup", MARKUP)
def test_markdown_keeps_every_word_of_a_body(markup: str) -> None:
    clean = sanitise_html(markup)
    rendered = _render_markdown(render_markdown(clean))
    assert extract_text(rendered).split() == extract_text(clean).split()
    for tag in ("h2", "ul", "ol", "blockquote", "hr", "pre", "code", "table", "a", "img"):
        assert (f"<{tag}" in clean) == (f"<{tag}" in rendered), (tag, rendered)


def test_feedparser_reads_hostile_feeds_without_a_complaint() -> None:
    for ext in ("rss", "atom"):
        read = feedparser.parse(FEEDS[ext].render(feed(hostile())))
        assert not read.bozo, read.get("bozo_exception")
        assert len(read.entries) == 1


def test_a_body_of_two_megabytes_is_rendered() -> None:
    markup = "<p>" + "]]> Bees & 🐝 المغرب. " * 90_000 + "</p>"
    story = hostile()
    large: Any = type(story)(**{**_fields(story), "body_html": markup})
    for ext in ("rss", "atom", "newsml"):
        ElementTree.fromstring(FEEDS[ext].render(feed(large)))
    assert len(STORIES["md"].render(large)) > 2_000_000


def _fields(story: Any) -> dict[str, Any]:
    return {name: getattr(story, name) for name in story.__slots__}


def _is_equal(actual: str | None, text: str) -> bool:
    """Compare texts after line ends are normalized and invisible joiners removed."""
    return _read(actual or "") == _read(text)


def _read(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace(JOINER, "")


def _render_markdown(markdown: str) -> str:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown)


_BEFORE = [
    *("", " ", "  ", "\t", "\r", "\n", "\r\n", "\u00a0", "\u2003", "\u202f"),
    *("\u2028", "\u3000", "\u00ad", "\u034f", "\u061c", "\u180e", "\u200b", "\u200c", "\u200d"),
    *("\u200e", "\u200f", "\u202a", "\u202e", "\u2060", "\u2066", "\u2069", "\u2800", "\u3164"),
    *("\ufe0f", "\ufeff", "\U000e0020", " \u200b\n\ufeff\u00a0"),
]


@pytest.mark.parametrize("before", _BEFORE, ids=ascii)
def test_csv_has_no_formula_after_invisible_characters(before: str) -> None:
    for text in ("=1+1", '=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "＝1+1", "＠SUM(A1)"):
        assert _cells(f"{before}{text}") == {f"'{before}{text}"}


@pytest.mark.parametrize("sign", "=+-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻−")
def test_csv_has_no_formula_in_any_width(sign: str) -> None:
    assert _cells(f"{sign}1+1") == {f"'{sign}1+1"}


@pytest.mark.parametrize(
    "text",
    ["1=1", "a\n=1", "– Non", "— No", "\u200fقصة", "«\u00a0=1", "#tag", "’=", "\\="],
)
def test_csv_leaves_other_texts_unchanged(text: str) -> None:
    assert _cells(text) == {text}


def _cells(text: str) -> set[str]:
    """Return the cells of one text."""
    rendered = FEEDS["csv"].render(feed(item(summary=text, dateline=text))).decode()
    (row,) = csv.DictReader(io.StringIO(rendered, newline=""))
    return {row["summary"], row["dateline"]}


def _split_cell(cell: str) -> list[str]:
    """Read the values of a cell as the documentation describes."""
    parts = re.findall(r"(?:[^|\\]|\\.)*", cell, re.DOTALL)
    return [re.sub(r"\\(.)", r"\1", cell, flags=re.DOTALL) for cell in parts if cell]


@OFTEN
@given(st.lists(NASTY, min_size=1, max_size=4, unique=True))
@example(["a|b", "c\\", "\\|", "|"])
def test_csv_separates_the_values_of_a_cell(names: list[str]) -> None:
    story = item(authors=[{"name": name, "url": None} for name in names])
    rendered = FEEDS["csv"].render(feed(story)).decode()
    (row,) = csv.DictReader(io.StringIO(rendered, newline=""))
    authors = [author["name"] for author in story.authors]
    mark = "'" if row["authors"].startswith("'") and not authors[0].startswith("'") else ""
    assert _split_cell(row["authors"].removeprefix(mark)) == authors
