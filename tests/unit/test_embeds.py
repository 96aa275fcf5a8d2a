"""Embedded content: a link replaces it, unless a setting allows the host of the frame."""

import pytest

from app.content.body_text import extract_text, render_text, sanitise_html
from app.content.frames import FRAME_SET

REL = ' rel="noopener noreferrer"'
TUBE = "https://www.youtube.com/embed/x"


def link(address: str, text: str) -> str:
    return f'<a href="{address}"{REL}>{text}</a>'


@pytest.mark.parametrize(
    ("markup", "address", "text"),
    [
        (f'<iframe src="{TUBE}" title="A &amp; B"></iframe>', TUBE, "A &amp; B"),
        (f'<iframe src="{TUBE}">Your <b>browser</b></iframe>', TUBE, "youtube.com"),
        (f'<IFRAME SRC="{TUBE}" aria-label=" A\n film "></IFRAME>', TUBE, "A film"),
        (f'<iframe src="about:blank" data-src="{TUBE}"></iframe>', TUBE, "youtube.com"),
        (f'<iframe data-lazy-src="{TUBE}"></iframe>', TUBE, "youtube.com"),
        (f'<iframe src="about:blank" data-cmp-src="{TUBE}"></iframe>', TUBE, "youtube.com"),
        (f'<iframe src="{TUBE}" data-url="/page"></iframe>', TUBE, "youtube.com"),
        (f'<iframe src="{TUBE}" title="never closed">', TUBE, "never closed"),
        (f'<noscript><iframe src="{TUBE}"></iframe></noscript>', TUBE, "youtube.com"),
        (f'<amp-iframe src="{TUBE}" title="T"><p placeholder></p></amp-iframe>', TUBE, "T"),
        ('<iframe src="/charts/1?a=1&amp;b=2" title="Chart">', "/charts/1?a=1&amp;b=2", "Chart"),
        ('<embed src="/a.swf" type="x" title="Game">', "/a.swf", "Game"),
        ('<object data="/a.pdf" title="Report"></object>', "/a.pdf", "Report"),
        ('<object><param name="movie" value="/a.swf"></object>', "/a.swf", "/a.swf"),
        ('<object data="/a"><embed src="/a.swf"></object>', "/a.swf", "/a.swf"),
    ],
)
def test_a_link_replaces_embedded_content(markup: str, address: str, text: str) -> None:
    rendered = render_text(f"<p>Before</p>{markup}", "html")
    assert rendered.markup == f"<p>Before</p><p>{link(address, text)}</p>"
    assert [warning.code for warning in rendered.warnings] == ["element_removed"]
    assert "replaced by a link" in rendered.warnings[0].detail
    assert sanitise_html(rendered.markup) == rendered.markup


def test_an_inline_embed_becomes_an_inline_link() -> None:
    clean = sanitise_html(f'<p>Watch<iframe src="{TUBE}" title="it"></iframe>now.</p>')
    assert clean == f"<p>Watch {link(TUBE, 'it')} now.</p>"
    clean = sanitise_html(f'<a href="/x">Watch<iframe src="{TUBE}" title="it"></iframe></a>')
    assert clean == f"{link('/x', 'Watch it')}"


@pytest.mark.parametrize(
    "source", ["srcdoc='<p>x'", "src='javascript:alert(1)'", "src=data:,x", ""]
)
def test_a_frame_without_an_address_is_removed(source: str) -> None:
    text = render_text(f"<p>Alpha</p><iframe {source}></iframe><p>Bravo</p>", "html")
    assert text.markup == "<p>Alpha</p><p>Bravo</p>"
    assert [warning.code for warning in text.warnings] == ["element_removed"]


@pytest.mark.parametrize("size", ['width="0" height="0"', 'width="1px" height="1px"'])
def test_a_frame_without_a_size_is_removed(size: str) -> None:
    text = render_text(f'<noscript><iframe src="{TUBE}" {size}></iframe></noscript>A', "html")
    assert text.markup == "A"
    assert [warning.code for warning in text.warnings] == ["element_removed"]


@pytest.mark.parametrize(
    "written",
    [
        '<video src="">{}</video>',
        '<video src="#t=10">{}</video>',
        '<audio src=" ">{}</audio>',
        '<video src="mailto:a@b.example">{}</video>',
        '<audio src="data:audio/mp3,x">{}</audio>',
        '<video src="blob:https://a.example/1">{}</video>',
        "<video>{}</video>",
        '<audio><source src="">{}</audio>',
        '<section><video><source src="ftp://a.example/1">{}</video></section>',
    ],
)
def test_a_player_without_an_address_is_removed(written: str) -> None:
    text = render_text(written.format("Alpha"), "html").resolve("https://p.example/story")
    assert "p.example" not in text.markup
    assert extract_text(text.markup) == "Alpha"
    assert [warning.code for warning in text.warnings] == ["element_removed"]


def test_other_addresses_of_players_are_never_those_of_the_story() -> None:
    written = '<video src="/a.mp4" poster=""><track src="#en"></video>'
    clean = sanitise_html(written, "https://p.example/story")
    assert clean == '<video controls="" src="https://p.example/a.mp4"><track></video>'


@pytest.mark.parametrize(
    "element", [f'<iframe src="{TUBE}"/>', '<script src="/a.js"/>', "<title/>"]
)
def test_an_empty_element_of_xhtml_ends_at_once(element: str) -> None:
    assert extract_text(sanitise_html(f"<p>Alpha</p>{element}<p>Bravo</p>")).endswith("\nBravo")


def test_an_object_keeps_its_fallback_content() -> None:
    clean = sanitise_html('<object data="/a.pdf"><p>Read <a href="/b">this</a></p></object>')
    assert clean == f"<p>Read {link('/b', 'this')}</p>"
    clean = sanitise_html('<object data="/a.pdf" title="T">Read this</object>')
    assert extract_text(clean) == "Read this\nT"


@pytest.mark.parametrize(
    ("markup", "address", "words"),
    [
        (
            '<blockquote class="twitter-tweet"><p>Hi</p>&mdash; N <a href="https://x.example/1">d</a>'
            '</blockquote><script async src="https://x.example/w.js"></script>',
            "https://x.example/1",
            "Hi — N d",
        ),
        (
            '<blockquote class="tiktok-embed" cite="https://t.example/1"><section>Hi</section>'
            "</blockquote><script></script>",
            "https://t.example/1",
            "Hi t.example",
        ),
        (
            '<blockquote data-instgrm-permalink="https://i.example/p/1"><p>Hi</p></blockquote>',
            "https://i.example/p/1",
            "Hi i.example",
        ),
        (
            '<div class="fb-post" data-href="https://f.example/1"></div>',
            "https://f.example/1",
            "f.example",
        ),
    ],
)
def test_content_that_a_script_would_embed_becomes_a_link(
    markup: str, address: str, words: str
) -> None:
    clean = sanitise_html(markup)
    assert clean.count("<a ") == 1
    assert f'href="{address}"' in clean
    assert extract_text(clean).split() == words.split()


def test_a_quotation_is_not_treated_as_an_embed() -> None:
    quoted = '<blockquote cite="https://a.example/">Hi</blockquote>'
    assert sanitise_html(quoted) == quoted


HOSTS = frozenset({"youtube.com", "player.example"})


@pytest.mark.parametrize(
    "address", [TUBE, "https://youtube.com/e", "//player.example/1", "https://A.Player.Example./1"]
)
@pytest.mark.parametrize("body_format", ["html", "markdown"])
def test_a_frame_of_an_allowed_host_stays_in_a_sandbox(address: str, body_format: str) -> None:
    written = (
        f'<iframe src="{address}" title="T" width="560" height="100%" onload="x()" '
        'sandbox="allow-top-navigation" srcdoc="<script>" name="n" allow="camera">x</iframe>'
    )
    text = render_text(written, body_format, frames=HOSTS)
    attributes = "".join(f' {name}="{value}"' for name, value in FRAME_SET.items())
    frame = f'<iframe src="{address}" title="T" width="560" height="100%"{attributes}></iframe>'
    assert text.markup.strip() == frame
    assert text.warnings == ()
    assert text.plain == ""
    assert render_text(text.markup, "html", frames=HOSTS).markup == text.markup


@pytest.mark.parametrize(
    "address",
    [
        "http://www.youtube.com/embed/x",
        "https://youtube.com.evil.example/",
        "https://notyoutube.com/",
        "https://evil.example/?youtube.com",
        "/embed/x",
        "https://com/",
    ],
)
def test_frames_of_other_hosts_become_links(address: str) -> None:
    clean = render_text(f'<iframe src="{address}"></iframe>', "html", frames=HOSTS).markup
    assert "<iframe" not in clean
    assert f'href="{address}"' in clean


def test_a_stored_frame_becomes_a_link_when_its_host_is_no_longer_allowed() -> None:
    stored = render_text(
        f'<p>a</p><iframe src="{TUBE}" title="T"></iframe>', "html", frames=HOSTS
    ).markup
    assert render_text(stored, "html", is_clean=True, frames=HOSTS).markup == stored
    text = render_text(stored, "html", is_clean=True)
    assert text.markup == f"<p>a</p> {link(TUBE, 'T')} "
    assert text.plain == "a\nT"
    bare = f'<iframe src="{TUBE}"></iframe>'
    assert "<iframe" not in render_text(bare, "html", is_clean=True, frames=HOSTS).markup
